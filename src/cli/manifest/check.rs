//! `manifest check`: everything that is wrong, or worth knowing, with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::reads::{Unproven, unproven};
use super::{Answer, failed, load, unreadable};
use crate::cli::exit::Outcome;
use crate::cli::migrate;
use crate::cli::reply::Reply;
use crate::config::Format;
use crate::db::Stop;
use crate::manifest::check::{Remark, check};
use crate::manifest::place::{line_of_release, lines_of_releases};
use crate::manifest::signature::{KeyId, SignatureError, signer};
use crate::manifest::{Manifest, WireError};
use crate::migration::Ledger;
use crate::observe::lint::{Subject, Tried};
use crate::plan::Refusal;
use crate::sys::{clock, fs};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// No installer can read it.
    Error,
    /// Installers would do what nobody wants.
    Mistake,
    /// Good to know before it is published.
    Note,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "manifest-error",
            Self::Mistake => "manifest-mistake",
            Self::Note => "manifest-note",
        }
    }
}

/// One finding.
#[derive(Debug, Serialize)]
struct Finding {
    line: Option<usize>,
    severity: Severity,
    message: String,
}

/// Checks the manifest `path`, and what its releases read against the migrations in a directory of a format.
pub(super) fn run(path: &Path, migrations: Option<(&Path, Format)>) -> Answer {
    let text = load(path)?;
    let parsed = Manifest::parse(&text);
    let mut findings = match &parsed {
        Ok(manifest) => {
            let remarks = check(manifest, clock::now());
            let lines = if remarks.is_empty() { BTreeMap::new() } else { lines_of_releases(&text) };
            remarks.iter().map(|remark| remarked(remark, &lines)).collect()
        }
        Err(wrong) => misread(wrong),
    };
    if let (Ok(manifest), Some((directory, format))) = (&parsed, migrations) {
        findings.extend(unread(&text, manifest, directory, format)?);
    }
    let file = signature_file(path);
    let signature = match fs::read_if_there(&file).map_err(|error| unreadable(&error))? {
        None => None,
        Some(bytes) => match signer(&String::from_utf8_lossy(&bytes)) {
            Ok(key) => Some(key),
            Err(error) => {
                findings.push(damaged(&file, &error));
                None
            }
        },
    };
    Ok(answer(path, parsed.ok().as_ref(), &findings, signature.as_ref()))
}

/// What releases say that they read, and the migrations do not bear out.
fn unread(text: &str, manifest: &Manifest, directory: &Path, format: Format) -> Result<Vec<Finding>, Box<Reply>> {
    let hint = "name the directory of all migrations, and see `gantry-installer migrate lint`";
    let files = migrate::files(directory).map_err(|error| failed("migrations", &error, hint))?;
    let files: BTreeMap<_, _> = files.into_iter().collect();
    let ledger = Ledger::of(format, None).map_err(|error| failed("ledger", &error, hint))?;
    let subject = Subject::plain(&files, format, &ledger);
    let never: Stop = Arc::new(|| false);
    let tried = Tried::on_an_empty_database(&subject, &never).map_err(|error| failed("migrations", &error, hint))?;
    let unproven = unproven(text, manifest, &|own, read| tried.obstacles(&subject, own, read));
    let finding = |unproven: &Unproven| Finding {
        line: line_of_release(text, &unproven.version),
        severity: Severity::Mistake,
        message: unproven.message(),
    };
    Ok(unproven.iter().map(finding).collect())
}

/// Where the signature of a manifest is: beside it.
pub(super) fn signature_file(manifest: &Path) -> PathBuf {
    let mut name = manifest.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

fn remarked(remark: &Remark, lines: &BTreeMap<String, usize>) -> Finding {
    let line = remark.release().and_then(|version| lines.get(&version.to_string()).copied());
    let severity = if remark.is_note() { Severity::Note } else { Severity::Mistake };
    Finding { line, severity, message: remark.to_string() }
}

fn misread(wrong: &WireError) -> Vec<Finding> {
    let finding = |found: &crate::manifest::Finding| Finding {
        line: Some(found.line),
        severity: Severity::Error,
        message: found.message.clone(),
    };
    wrong.findings.iter().map(finding).collect()
}

fn damaged(file: &Path, error: &SignatureError) -> Finding {
    let message = format!("`{}` is no signature: {error}", file.display());
    Finding { line: None, severity: Severity::Mistake, message }
}

fn answer(path: &Path, manifest: Option<&Manifest>, findings: &[Finding], signature: Option<&KeyId>) -> Reply {
    let (notes, wrong): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.severity == Severity::Note);
    let place = |finding: &Finding| {
        let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line}: {}", path.display(), finding.message)
    };
    let remedy = "put it right there, then look again with `gantry-installer manifest check`";
    let refusals = wrong.iter().map(|finding| Refusal::new(finding.severity.word(), place(finding), remedy)).collect();
    let mut lines: Vec<String> = Vec::new();
    if let Some(manifest) = manifest {
        let signed = signature.map_or_else(
            || "not signed".to_owned(),
            // Who believes which key is a matter of configurations, not of the manifest.
            |key| format!("with a signature that names the key {key}, not verified"),
        );
        let (product, sequence, count) = (&manifest.product, manifest.sequence, manifest.releases.len());
        let plural = if count == 1 { "" } else { "s" };
        lines.push(format!("{product}, sequence {sequence}, {count} release{plural}, {signed}"));
    }
    let outcome = if wrong.is_empty() { Outcome::Done } else { Outcome::Refused };
    Reply { refusals, ..Reply::new(outcome) }
        .with("manifest", path)
        .with("product", manifest.map(|manifest| &manifest.product))
        .with("sequence", manifest.map(|manifest| manifest.sequence))
        .with("releases", manifest.map(|manifest| manifest.releases.len()))
        .with("findings", findings)
        .with("signature", signature.map(|key| json!({ "file": signature_file(path), "key": key })))
        .warning(notes.iter().map(|finding| place(finding)))
        .saying(lines.join("\n"))
}
