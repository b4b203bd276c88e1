//! `manifest new | add | check | sign | bundle | graph`: what a publisher does with a manifest.

mod add;
mod bundle;
mod check;
mod reads;
mod sign;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::arguments::{self, GraphFormat};
use super::exit::Outcome;
use super::reply::{Problem, Reply};
use super::terminal::Terminal;
use crate::manifest::{Manifest, WireError, draw, write};
use crate::sys::clock;
use crate::sys::fs::{self, PathError};

/// A verb's answer, or the one that ends it early.
type Answer = Result<Reply, Box<Reply>>;

/// How long a new manifest is good for, unless its author changes it.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(180 * 24);

/// Does what was asked; `config` is only read where a product migrates itself.
pub fn run(verb: &arguments::Manifest, config: &Path, terminal: &Terminal) -> Reply {
    let answer = match verb {
        arguments::Manifest::New { product, manifest } => begin(product, manifest),
        arguments::Manifest::Add {
            archive,
            manifest,
            target,
            url,
            release,
            reads,
            reads_anyway,
            format,
            old_migrations,
        } => {
            let (url, release, reads_anyway) = (url.as_deref(), release.as_ref(), reads_anyway.as_deref());
            let format = *format;
            let old_migrations = old_migrations.as_deref();
            let asked = add::Asked {
                archive,
                manifest,
                target,
                url,
                release,
                reads,
                reads_anyway,
                format,
                config,
                old_migrations,
            };
            add::run(&asked, terminal)
        }
        arguments::Manifest::Check { manifest, migrations, format } => {
            check::run(manifest, migrations.as_deref().map(|directory| (directory, *format)))
        }
        arguments::Manifest::Sign { manifest, key, generate, password_file } => {
            let (generate, password_file) = (*generate, password_file.as_deref());
            sign::run(&sign::Asked { manifest, key, generate, password_file }, terminal)
        }
        arguments::Manifest::Bundle { file, from, to, manifest, target, believed_by } => {
            let (from, target, believed_by) = (from.as_ref(), target.as_deref(), believed_by.as_deref());
            bundle::run(&bundle::Asked { file, from, to, manifest, target, believed_by }, terminal)
        }
        arguments::Manifest::Graph { manifest, format } => graph(manifest, *format),
    };
    answer.unwrap_or_else(|reply| *reply)
}

fn begin(product: &str, path: &Path) -> Answer {
    if fs::exists(path).map_err(|error| unreadable(&error))? {
        let there = PathError::on("begin", path)(io::Error::from(io::ErrorKind::AlreadyExists));
        return Err(failed("manifest-exists", &there, "name another file with `--manifest FILE`"));
    }
    let now = now();
    let text = write::begin(product, now, now + GOOD_FOR);
    if let Err(wrong) = Manifest::parse(&text) {
        // The lines are those of a text that nobody has seen.
        let message = wrong.findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join(", ");
        let remedy = "choose another `--product`".to_owned();
        let problem = Problem { code: "product".to_owned(), message, causes: Vec::new(), remedy };
        return Err(Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Usage) }));
    }
    save(path, &text)?;
    let words = format!(
        "began `{}`; enter a release with `gantry-installer manifest add ARCHIVE --target TRIPLE`",
        path.display()
    );
    Ok(Reply::new(Outcome::Done).with("manifest", path).with("expires", now + GOOD_FOR).saying(words))
}

fn graph(path: &Path, format: GraphFormat) -> Answer {
    let manifest = understood(path, &load(path)?)?;
    let drawn = match format {
        GraphFormat::Text => draw::text(&manifest),
        GraphFormat::Mermaid => draw::mermaid(&manifest),
    };
    Ok(Reply::new(Outcome::Done).with("manifest", path).with("graph", &drawn).saying(drawn))
}

/// A file that is no manifest.
#[derive(Debug, Error)]
#[error("`{path}` is not a manifest that can be read")]
struct Misread {
    path: String,
    source: WireError,
}

fn understood(path: &Path, text: &str) -> Result<Manifest, Box<Reply>> {
    let misread = |source| Misread { path: path.display().to_string(), source };
    Manifest::parse(text).map_err(misread).map_err(|error| {
        failed("manifest-wrong", &error, "put those lines right; `gantry-installer manifest check` looks again")
    })
}

/// The text of a file that must be there.
fn load(path: &Path) -> Result<String, Box<Reply>> {
    let text = fs::read(path).and_then(|bytes| {
        let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8");
        String::from_utf8(bytes).map_err(not_text).map_err(PathError::on("read", path))
    });
    text.map_err(|error| unreadable(&error))
}

fn unreadable(error: &PathError) -> Box<Reply> {
    let remedy = if error.is_missing() {
        "name the right file, or begin a manifest with `gantry-installer manifest new --product NAME`"
    } else {
        "check that it is a file that this user may read"
    };
    failed("unreadable", error, remedy)
}

/// Makes `text` the content of the manifest; its mode and a symlink to it stay as they are.
fn save(path: &Path, text: &str) -> Result<(), Box<Reply>> {
    const READABLE: u32 = 0o644;
    let saved = if matches!(fs::exists(path), Ok(true)) {
        fs::real_path(path).and_then(|real| {
            let mode = fs::metadata(&real)?.permissions().mode() & 0o777;
            fs::write_durable(&real, text.as_bytes(), mode)
        })
    } else {
        fs::write_durable(path, text.as_bytes(), READABLE)
    };
    saved.map_err(|error| unwritable(&error))
}

fn unwritable(error: &PathError) -> Box<Reply> {
    failed(
        "unwritable",
        error,
        "check that the directory is there, that this user may write to it, and that it has room",
    )
}

fn failed(code: &str, error: &dyn Error, remedy: &str) -> Box<Reply> {
    Box::new(Reply::failed(code, error, remedy))
}

/// The time in whole seconds: nobody reads more in a manifest.
fn now() -> Timestamp {
    let now = clock::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
