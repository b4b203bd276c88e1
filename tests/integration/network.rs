//! A network that misbehaves in every way that is known here, under each of the three things that come over it: what the
//! upgrade answers, and that nothing was changed or all of it.

use std::time::Duration;

use crate::crash::frozen::Frozen;
use crate::crash::interrupted::Seen;
use crate::crash::operations;
use crate::crash::proof::wholly;
use crate::release_server::{Mode, ReleaseServer};
use crate::tally;
use crate::world::{NEW, answer};

const MANIFEST: &str = "/notes.toml";
const SIGNATURE: &str = "/notes.toml.minisig";
const ARCHIVE: &str = "/notes-1.1.0.tar.gz";

/// What comes of it: the exit code, and words that are said.
type End = (i32, &'static str);

const BROKE_OFF: End = (1, "broke off after");
const SILENT: End = (1, "sent nothing for");
const UNTRUSTED: End = (3, "cannot be trusted");
const WRONG_SIZE: End = (1, "were promised");
const DONE: End = (0, "upgraded from 1.0.0");

/// A behaviour that does not end, and what comes of it for the manifest, its signature and the archive.
struct Row(Mode, End, End, End);

fn rows() -> Vec<Row> {
    let all = |mode, end| Row(mode, end, end, end);
    let tick = Duration::from_millis(10);
    vec![
        all(Mode::StallAfter(0), SILENT),
        all(Mode::ResetAfter(0), (1, "")),
        all(Mode::CloseAfter(0), BROKE_OFF),
        all(Mode::HangUp, (1, "")),
        all(Mode::SlowHeaders(tick), SILENT),
        all(Mode::Status(500), (1, "answered 500")),
        all(Mode::RetryAfter(503, 0), (1, "answered 503")),
        all(Mode::Status(403), (1, "does not let this machine in")),
        Row(Mode::Status(404), (1, "answered 404"), (3, "is not signed"), (1, "answered 404")),
        Row(Mode::Redirect("/elsewhere".into()), (1, "answered 404"), (3, "is not signed"), (1, "answered 404")),
        all(Mode::Redirect("http://127.0.0.1:1/".into()), (1, "out of reach")),
        all(Mode::HugeHeaders, (1, "")),
        all(Mode::UnaskedRange, (1, "answered 206")),
        Row(Mode::FlippedBit, UNTRUSTED, UNTRUSTED, (1, "its SHA-256 is")),
        // A signature is four lines, and what follows them is nobody's word.
        Row(Mode::Longer(1000), UNTRUSTED, DONE, WRONG_SIZE),
        Row(Mode::Empty, UNTRUSTED, UNTRUSTED, WRONG_SIZE),
        Row(Mode::Html, UNTRUSTED, UNTRUSTED, (1, "of `text/html`")),
        Row(Mode::Endless, (1, "longer than"), (1, "longer than"), WRONG_SIZE),
        all(Mode::NoLength, DONE),
        all(Mode::MoreThanAnnounced(1000), DONE),
        all(Mode::ChangingETag, DONE),
    ]
}

#[test]
fn a_server_that_misbehaves_with_the_manifest_changes_nothing() {
    let world = operations::at_old(NEW);
    let frozen = Frozen::of(&world);
    rows().into_iter().for_each(|Row(mode, end, _, _)| upgrade(&frozen, MANIFEST, &[mode], Lasts::ForEver, end));
    upgrade(&frozen, MANIFEST, &[Mode::Drip(Duration::from_millis(10))], Lasts::ForEver, (1, "it was not there after"));
    upgrade(&frozen, MANIFEST, &[Mode::Redirect(MANIFEST.into())], Lasts::ForEver, (1, "a redirect is not followed"));
}

#[test]
fn a_server_that_misbehaves_with_the_signature_changes_nothing() {
    let world = operations::at_old(NEW);
    let frozen = Frozen::of(&world);
    rows().into_iter().for_each(|Row(mode, _, end, _)| upgrade(&frozen, SIGNATURE, &[mode], Lasts::ForEver, end));
    upgrade(
        &frozen,
        SIGNATURE,
        &[Mode::Drip(Duration::from_millis(10))],
        Lasts::ForEver,
        (1, "it was not there after"),
    );
    upgrade(&frozen, SIGNATURE, &[Mode::Redirect(SIGNATURE.into())], Lasts::ForEver, (1, "a redirect is not followed"));
}

#[test]
fn a_server_that_misbehaves_with_the_archive_changes_nothing() {
    let world = operations::at_old(NEW);
    let frozen = Frozen::of(&world);
    rows().into_iter().for_each(|Row(mode, _, _, end)| upgrade(&frozen, ARCHIVE, &[mode], Lasts::ForEver, end));
    upgrade(&frozen, ARCHIVE, &[Mode::Redirect(ARCHIVE.into())], Lasts::ForEver, (1, "a redirect is not followed"));
}

// FM-45, FM-47: also where the next answer is as wrong as the first.
#[test]
fn what_passes_is_waited_for_and_the_upgrade_is_done() {
    let some = 5_000;
    let world = operations::at_old(NEW);
    let frozen = Frozen::of(&world);
    let sequences: [&[Mode]; 9] = [
        &[Mode::StallAfter(some)],
        &[Mode::ResetAfter(some)],
        &[Mode::CloseAfter(some), Mode::OtherRange],
        &[Mode::CloseAfter(some), Mode::ShortRange(100), Mode::NoSuchRange],
        &[Mode::CloseAfter(some), Mode::RangeOfOtherVersion, Mode::IgnoreRange],
        &[Mode::NoLengthCutAfter(some), Mode::Status(500), Mode::HangUp],
        &[Mode::ChunkedCutAfter(some), Mode::ChangingETag],
        &[Mode::FlippedBit],
        &[Mode::RetryAfter(503, 0), Mode::RetryAfter(429, 0), Mode::HugeHeaders],
    ];
    for modes in sequences {
        upgrade(&frozen, ARCHIVE, modes, Lasts::OnceEach, DONE);
    }
    for document in [MANIFEST, SIGNATURE] {
        upgrade(&frozen, document, &[Mode::HangUp, Mode::Status(502), Mode::CloseAfter(10)], Lasts::OnceEach, DONE);
    }
}

#[derive(Clone, Copy)]
enum Lasts {
    OnceEach,
    ForEver,
}

fn upgrade(frozen: &Frozen<'_>, document: &str, modes: &[Mode], lasts: Lasts, (code, words): End) {
    let world = frozen.thaw();
    let server = ReleaseServer::start(&world.path("releases"));
    for mode in modes {
        match lasts {
            Lasts::ForEver => server.misbehave(document, mode.clone()),
            Lasts::OnceEach => server.misbehave_first(document, 1, mode.clone()),
        }
    }
    world.replace(&format!("url = \"{}\"", world.path("releases/notes.toml").display()), "url = \"REMOTE\"");
    world.replace("REMOTE", &server.url(MANIFEST));
    let mut command = world.command(operations::upgrade().arguments);
    // What is waited for in vain is not waited for as long; what comes is.
    let vain = code != 0 && matches!(modes, [Mode::StallAfter(_) | Mode::SlowHeaders(_) | Mode::Drip(_)]);
    command.env("GANTRY_INSTALLER_HASTE", if vain { "200" } else { "15" });
    let answer = answer(command);
    let context = format!("{document} {modes:?}: {answer:#?}");
    world.replace(&server.url(MANIFEST), "REMOTE");
    world.replace("url = \"REMOTE\"", &format!("url = \"{}\"", world.path("releases/notes.toml").display()));
    assert_eq!(answer.code, code, "{context}");
    assert!(format!("{}{}", answer.stdout, answer.stderr).contains(words), "`{words}` is not in {context}");
    assert!(code == 0 || answer.stderr.contains("hint: "), "{context}");
    let sweep = operations::upgrade();
    wholly(if code == 0 { &sweep.new } else { &sweep.old }, &Seen { started: false }, world, &context);
    tally::point(sweep.name, "network", if code == 0 { tally::End::New } else { tally::End::Old });
}
