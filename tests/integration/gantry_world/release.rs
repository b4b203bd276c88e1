//! Releases of Gantry, and the archives that they come in.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::example;

/// A release of Gantry. Its migrations are those of its major up to its schema, and of 2.0 its import from 1.7 too.
pub struct GantryRelease {
    pub version: &'static str,
    pub schema: i64,
    pub reads: &'static [i64],
    /// Further lines of its entry in the manifest, such as `barrier = true`.
    pub extra: &'static str,
    /// Serves, and answers 503 at its health address.
    pub never_healthy: bool,
    /// A migration of its own: file name and content.
    pub migration: Option<(&'static str, &'static str)>,
}

impl GantryRelease {
    pub const fn new(version: &'static str, schema: i64, reads: &'static [i64]) -> Self {
        Self { version, schema, reads, extra: "", never_healthy: false, migration: None }
    }
}

/// An archive as the product has them: program, `release.toml`, migrations.
pub(super) fn archive(release: &GantryRelease, file: &Path) {
    // Most of it is one program, and hundreds of worlds pack and unpack it.
    let gzip = flate2::write::GzEncoder::new(std::fs::File::create(file).unwrap(), flate2::Compression::none());
    let mut tar = tar::Builder::new(gzip);
    let mut add = |path: &str, bytes: &[u8], mode: u32| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        tar.append_data(&mut header, format!("gantry-{}/{path}", release.version), bytes).unwrap();
    };
    add("bin/gantry", program(), 0o755);
    let GantryRelease { version, schema, reads, never_healthy, .. } = release;
    let about =
        format!("version = \"{version}\"\nschema = {schema}\nreads = {reads:?}\nnever_healthy = {never_healthy}\n");
    add("release.toml", about.as_bytes(), 0o644);
    let major = version.split('.').next().unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("migrations/v{major}"));
    for entry in std::fs::read_dir(&migrations).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // The lock file is no migration, and neither is the import from another major.
        let Ok(number) = name[..4].parse::<i64>() else { continue };
        if number <= *schema && release.migration.is_none_or(|(own, _)| own[..4] != name[..4]) {
            add(&format!("migrations/{name}"), &std::fs::read(&path).unwrap(), 0o644);
        }
    }
    for entry in std::fs::read_dir(migrations.join("import/from-v1")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        add(&format!("import/from-v1/{name}"), &std::fs::read(&path).unwrap(), 0o644);
    }
    if let Some((name, sql)) = release.migration {
        add(&format!("migrations/{name}"), sql.as_bytes(), 0o644);
    }
    tar.into_inner().unwrap().finish().unwrap().flush().unwrap();
}

/// The reference node without its symbols, read once: it is in every archive.
fn program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let stripped = tempfile::NamedTempFile::new().unwrap();
        let built = example("gantry-node");
        let done = Command::new("strip").arg("-o").arg(stripped.path()).arg(&built).status();
        std::fs::read(if done.is_ok_and(|status| status.success()) { stripped.path() } else { &built }).unwrap()
    })
}
