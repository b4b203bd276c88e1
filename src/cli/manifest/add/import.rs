//! Whether the import of a release does what its manifest says.

use std::path::Path;

use super::Asked;
use crate::cli::manifest::failed;
use crate::cli::migrate;
use crate::cli::reply::Reply;
use crate::cli::terminal::Terminal;
use crate::manifest::{Manifest, Release};
use crate::migration::Set;
use crate::observe::archive::Archive;
use crate::observe::import::try_import;
use crate::plan::Refusal;
use crate::transfer::mapping::Mapping;
use crate::version::Version;

/// Reads the mapping that the release names, and tries it on the older migrations.
pub(super) fn check(
    asked: &Asked<'_>,
    manifest: &Manifest,
    version: &Version,
    (found, set): (&Archive, &Set),
    terminal: &Terminal,
) -> Result<(), Box<Reply>> {
    let release = manifest.release(version);
    let Some((release, import)) = release.and_then(|release| Some((release, release.import.as_ref()?))) else {
        return match found.imports.keys().next() {
            None => Ok(()),
            Some(there) => refused(
                format!("the archive has an import in `{there}`, and the manifest does not say so of {version}"),
                "write the release's `from` and `import` into the manifest first",
            ),
        };
    };
    let Some(files) = found.imports.get(import) else {
        return refused(
            format!("the archive has no `{import}`, which the manifest names as the import of {version}"),
            "make the archive again, with `import.toml` and its SQL there",
        );
    };
    let mend = "put the mapping right, and make the archive again: docs/import.md says how it is written";
    let mapping = match Mapping::read(files) {
        Ok(mapping) => mapping,
        Err(error) => return refused(format!("`{import}`: {error}"), mend),
    };
    if let Some(older) = newest_below(manifest, release)
        && let (schema, Some(fingerprint)) = (&older.schema, older.fingerprint)
        && !mapping.admits(schema, fingerprint)
    {
        return refused(
            format!("`{import}` does not read schema {schema} with the fingerprint {fingerprint} of {}", older.version),
            mend,
        );
    }
    let Some(directory) = asked.old_migrations else {
        return refused(
            format!("{version} has an import, and it is not known from which migrations"),
            "name the directory of the older major's migrations with `--old-migrations DIR`",
        );
    };
    let findings = tried(asked, directory, set, &mapping, terminal)?;
    let refusal = |finding: &String| Refusal::new("import", format!("`{import}`: {finding}"), mend);
    match findings.as_slice() {
        [] => Ok(()),
        findings => Err(Box::new(Reply::refused(findings.iter().map(refusal).collect()))),
    }
}

/// The newest release of an older major that comes by the import.
fn newest_below<'m>(manifest: &'m Manifest, release: &Release) -> Option<&'m Release> {
    let older = |other: &&Release| other.version.major() < release.version.major() && release.accepts(&other.version);
    manifest.releases.iter().rev().find(older)
}

fn tried(
    asked: &Asked<'_>,
    directory: &Path,
    set: &Set,
    mapping: &Mapping,
    terminal: &Terminal,
) -> Result<Vec<String>, Box<Reply>> {
    let hint = "check the directory after `--old-migrations`";
    let files = migrate::files(directory).map_err(|error| failed("migrations", &error, hint))?;
    let old = Set::read(asked.format, files.into_iter()).map_err(|error| failed("migrations", &error, hint))?;
    try_import(asked.format, &old, set, mapping, &terminal.rows())
        .map_err(|error| failed("import", &error, "check the space in `TMPDIR`, then run the same command again"))
}

fn refused(message: String, remedy: &str) -> Result<(), Box<Reply>> {
    Err(Box::new(Reply::refused(vec![Refusal::new("import", message, remedy)])))
}
