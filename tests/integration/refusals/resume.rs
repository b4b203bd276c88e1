//! Servers that are down, forgetful or cut short.

use super::{failed, refused, shaped};
use crate::release_server::{Mode, ReleaseServer};
use crate::world::{NEW, OLD, World};

const ARCHIVE: &str = "/notes-1.1.0.tar.gz";
const UPGRADE: [&str; 2] = ["upgrade", "--yes"];

/// An installed world whose releases come from a server from now on.
fn served() -> (World, ReleaseServer) {
    let world = World::installed(&[OLD, NEW]);
    let server = ReleaseServer::start(&world.path("releases"));
    world.configure_at(&server.url("/notes.toml"), "");
    (world, server)
}

#[test]
fn a_release_comes_from_a_server() {
    let (world, _server) = served();
    world.run(&UPGRADE).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_download_that_was_cut_goes_on_with_the_next_command() {
    let (world, server) = served();
    // Cut after a part, then forbidden: the command ends, and what came is kept.
    server.misbehave_first(ARCHIVE, 1, Mode::CloseAfter(100_000));
    server.misbehave_first(ARCHIVE, 1, Mode::Status(403));
    failed(&world, &UPGRADE, "download", &[ARCHIVE, "answered 403", "nothing was changed"]);
    world.run(&UPGRADE).expect(0);
    world.stands_at("1.1.0", 2);
    let last = server.requests().into_iter().rfind(|request| request.line.contains(ARCHIVE)).unwrap();
    assert_eq!(last.range(), Some(100_000));
}

#[test]
fn what_the_server_does_not_have_is_said_with_its_address() {
    let (world, server) = served();
    server.misbehave(ARCHIVE, Mode::Status(404));
    let url = server.url(ARCHIVE);
    failed(&world, &UPGRADE, "download", &[&url, "answered 404", "ask the publisher", "nothing was changed"]);
    server.misbehave("/notes.toml.minisig", Mode::Status(404));
    refused(&world, &UPGRADE, "signature", &["not signed", "answered 404"]);
    server.misbehave("/notes.toml", Mode::Status(404));
    failed(&world, &UPGRADE, "manifest-unreachable", &["/notes.toml", "answered 404"]);
}

#[test]
fn a_page_in_the_place_of_a_file_is_refused() {
    let (world, server) = served();
    server.misbehave(ARCHIVE, Mode::Html);
    failed(&world, &UPGRADE, "download", &["text/html", "not the file that was published"]);
    server.misbehave("/notes.toml", Mode::Html);
    refused(&world, &UPGRADE, "signature", &["does not match the manifest"]);
}

#[test]
fn a_flipped_bit_on_the_way_is_noticed() {
    let (world, server) = served();
    server.misbehave(ARCHIVE, Mode::FlippedBit);
    failed(&world, &UPGRADE, "download", &["SHA-256", "was promised"]);
    server.misbehave(ARCHIVE, Mode::Ok);
    world.run(&UPGRADE).expect(0);
}

#[test]
fn a_server_that_is_down_is_out_of_reach() {
    let (world, server) = served();
    drop(server);
    failed(&world, &UPGRADE, "manifest-unreachable", &["/notes.toml", "out of reach", "refused", "check the network"]);
    let status = shaped(&world.run(&["status", "--json"]).expect(0));
    assert!(status["available"].is_null());
    assert!(status["warnings"][0].as_str().unwrap().contains("out of reach"), "{status:#}");
    world.run(&["verify"]).expect(0);
}
