//! Releases of the test product, and the archives that they are published as.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::format;

#[path = "release/import.rs"]
mod import;

/// A release of the test product. Its program is `fickle`, whose faults are the lines of `mode`.
pub struct Release {
    pub version: &'static str,
    pub schema: i64,
    pub reads: &'static [i64],
    pub mode: &'static str,
    /// Further lines of its entry in the manifest, such as `barrier = true`.
    pub extra: &'static str,
    /// Migrations instead of the usual ones: file name and content.
    pub migrations: &'static [(&'static str, &'static str)],
    /// How the usual ones are written.
    pub format: &'static str,
    /// The schema of the usual migrations that its import reads, if it is made by one.
    pub import: Option<i64>,
}

impl Release {
    pub const fn new(version: &'static str, schema: i64, reads: &'static [i64]) -> Self {
        Self { version, schema, reads, mode: "", extra: "", migrations: &[], format: "golang-migrate", import: None }
    }

    pub const fn mode(mut self, mode: &'static str) -> Self {
        self.mode = mode;
        self
    }

    pub const fn extra(mut self, extra: &'static str) -> Self {
        self.extra = extra;
        self
    }

    pub const fn format(mut self, format: &'static str) -> Self {
        self.format = format;
        self
    }

    pub const fn import(mut self, from: i64) -> Self {
        self.import = Some(from);
        self
    }

    pub const fn migrations(mut self, migrations: &'static [(&'static str, &'static str)]) -> Self {
        self.migrations = migrations;
        self
    }
}

/// What most tests start from.
pub const OLD: Release = Release::new("1.0.0", 1, &[1, 2]);
pub const NEW: Release = Release::new("1.1.0", 2, &[1, 2]);

/// A major above them: its schemas count from 1 again, and its database is made anew of one at schema 1, or at 2.
pub const MAJOR: Release = Release::new("2.0.0", 1, &[1])
    .extra("from = \">=1.0\"\nimport = \"import/from-v1\"")
    .import(1)
    .migrations(&[("0001_v2.up.sql", import::SCHEMA), ("0001_v2.down.sql", "DROP TABLE notes; DROP TABLE authors;")]);
pub const MAJOR_OF_NEW: Release = MAJOR.extra("from = \">=1.1\"\nimport = \"import/from-v1\"").import(2);

/// Copies a program. Another process does it: one that this one is just about to start for another test would inherit the
/// descriptor, and nobody can run what somebody holds open for writing.
pub fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("--preserve=mode").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "cannot copy {}", from.display());
}

pub fn measure(file: &Path) -> (u64, String) {
    let bytes = std::fs::read(file).unwrap();
    (bytes.len() as u64, gantry_installer::digest::Sha256::of(&bytes).to_string())
}

/// A release archive: one top directory with `bin/` and `migrations/`.
pub fn archive(release: &Release, file: &Path) {
    // Most of it is one program, and hundreds of worlds pack and unpack it.
    let gzip = flate2::write::GzEncoder::new(std::fs::File::create(file).unwrap(), flate2::Compression::none());
    let mut tar = tar::Builder::new(gzip);
    let top = format!("notes-{}", release.version);
    let mut add = |path: String, bytes: &[u8], mode: u32| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        tar.append_data(&mut header, format!("{top}/{path}"), bytes).unwrap();
    };
    add("bin/notes".into(), program(), 0o755);
    add("bin/version".into(), release.version.as_bytes(), 0o644);
    add("bin/mode".into(), release.mode.as_bytes(), 0o644);
    let own = release.migrations.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned()));
    let usual = || format::migrations(release.format, release.schema);
    for (name, sql) in if release.migrations.is_empty() { usual() } else { own.collect() } {
        add(format!("migrations/{name}"), sql.as_bytes(), 0o644);
    }
    for (name, content) in release.import.into_iter().flat_map(import::files) {
        add(format!("import/from-v1/{name}"), content.as_bytes(), 0o644);
    }
    tar.into_inner().unwrap().finish().unwrap();
}

/// `fickle` without its symbols, read once: it is in every archive.
fn program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_gantry-installer")).with_file_name("examples").join("fickle");
        let stripped = tempfile::NamedTempFile::new().unwrap();
        let done = Command::new("strip").arg("-o").arg(stripped.path()).arg(&built).status();
        let smaller = done.is_ok_and(|status| status.success());
        std::fs::read(if smaller { stripped.path() } else { &built }).unwrap()
    })
}
