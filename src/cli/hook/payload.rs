//! What a package brings: a bundle, and before that is unpacked its manifest, which the preinst script carries.

use std::io::{IsTerminal as _, Read as _};

use super::Call;
use crate::cli::reply::Problem;
use crate::cli::runs::{Answer, barred, timed, unresolved_waivable};
use crate::cli::session::Session;
use crate::manifest::Manifest;
use crate::run::StepTime;
use crate::run::resolve::{self, ResolveError};
use crate::sys::http::{Bundle, Client};

/// A manifest and a signature are text of a few hundred bytes a release.
const LIMIT: u64 = 16 << 20;
/// The lines of a minisign signature.
const SIGNATURE_LINES: usize = 4;

/// The unpacked bundle of a package.
pub(super) struct Payload {
    /// Takes everything from it, and nothing from anywhere else.
    pub client: Client,
    /// Its manifest, which is of this product and well signed.
    pub manifest: Manifest,
    /// How long it took to know that.
    pub resolved: StepTime,
}

/// Opens the bundle of the package.
pub(super) fn open(call: &Call<'_>) -> Answer<Payload> {
    let session = call.session;
    let file = session.config.layout.payload();
    let remedy = format!("run `apt install --reinstall {}`", call.arguments.package);
    let bundle = Bundle::open(&file).map_err(|error| barred("payload", &error, remedy))?;
    let client = session.client().with_bundle(bundle);
    let (manifest, resolved) = timed("resolve", session, || {
        resolve::packaged(&session.config, &client, session.terminal).map_err(unresolved_waivable)
    })?;
    Ok(Payload { client, manifest, resolved })
}

/// What standard input brought.
pub(super) enum Brought {
    /// A manifest.
    Manifest(Manifest),
    /// Nothing that could be judged here, and why.
    Nothing(String),
}

/// The manifest that the preinst script carries: its signature, and then itself to the end.
///
/// It is read by the installer of the release before, which need not understand what is newer than itself: the one in the
/// package will.
pub(super) fn from_stdin(session: &Session<'_>) -> Answer<Brought> {
    let stdin = std::io::stdin();
    let mut bytes = Vec::new();
    if !stdin.is_terminal() {
        let read = stdin.lock().take(LIMIT).read_to_end(&mut bytes);
        read.map_err(|error| barred("manifest", &error, "report this to whoever built the package"))?;
    }
    if bytes.is_empty() {
        return Ok(Brought::Nothing("the package says nothing of its release before it is unpacked".to_owned()));
    }
    let (signature, manifest) = split(&bytes);
    match resolve::brought(&session.config, manifest, signature) {
        Ok(manifest) => Ok(Brought::Manifest(manifest)),
        Err(newer @ ResolveError::Wire { .. }) => {
            Ok(Brought::Nothing(Problem::of("manifest", &newer, "").causes.join(": ")))
        }
        Err(error) => Err(unresolved_waivable(error)),
    }
}

/// The signature, and what follows it.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let end = ends.take(SIGNATURE_LINES).last().unwrap_or(0);
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_has_four_lines_and_the_manifest_is_all_that_follows() {
        assert_eq!(split(b"a\nb\nc\nd\nformat = 1\n\nx"), (&b"a\nb\nc\nd\n"[..], &b"format = 1\n\nx"[..]));
        assert_eq!(split(b"a\nb"), (&b"a\n"[..], &b"b"[..]));
        assert_eq!(split(b""), (&b""[..], &b""[..]));
    }
}
