//! Manifests that must not be believed.

use gantry_installer::manifest::signing;

use super::{failed, refused, shaped};
use crate::release_server::{Mode, ReleaseServer};
use crate::world::{NEW, OLD, World};

const UPGRADE: [&str; 2] = ["upgrade", "--yes"];

fn manifest(world: &World) -> String {
    std::fs::read_to_string(world.path("releases/notes.toml")).unwrap()
}

/// Signs the manifest that is published with a new key, and returns that.
fn sign_with_another_key(world: &World) -> String {
    let files = signing::generate(None).unwrap();
    let secret = signing::SecretKey::open(&files.secret, None).unwrap();
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    let signature = signing::sign(manifest(world).as_bytes(), &secret, "notes.toml", at).unwrap();
    std::fs::write(world.path("releases/notes.toml.minisig"), signature).unwrap();
    files.public.lines().last().unwrap().to_owned()
}

/// Puts `keys` in the place of the keys that are believed, and returns those.
fn believe(world: &World, keys: &str) -> String {
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let old = text.lines().find(|line| line.starts_with("keys")).unwrap().to_owned();
    std::fs::write(file, text.replace(&old, &format!("keys = {keys}"))).unwrap();
    old.trim_start_matches("keys = ").to_owned()
}

#[test]
fn what_was_published_at_two_times_is_not_mixed() {
    // FM-48
    let mut world = World::installed(&[OLD, NEW]);
    let place = |name: &str| world.path("releases").join(name);
    let old =
        ["notes.toml", "notes.toml.minisig", "notes-1.1.0.tar.gz"].map(|name| std::fs::read(place(name)).unwrap());
    world.withdraw();
    [OLD, NEW.mode("healthy_late = true")].iter().for_each(|release| world.add(release));
    world.publish();
    let place = |name: &str| world.path("releases").join(name);
    let new = ["notes.toml", "notes.toml.minisig"].map(|name| std::fs::read(place(name)).unwrap());
    let [old_manifest, old_signature, old_archive] = old;
    std::fs::write(place("notes-1.1.0.tar.gz"), old_archive).unwrap();
    failed(&world, &UPGRADE, "download", &["notes-1.1.0.tar.gz", "were promised"]);
    std::fs::write(place("notes.toml.minisig"), old_signature).unwrap();
    refused(&world, &UPGRADE, "signature", &["does not match the manifest"]);
    std::fs::write(place("notes.toml.minisig"), &new[1]).unwrap();
    std::fs::write(place("notes.toml"), old_manifest).unwrap();
    refused(&world, &UPGRADE, "signature", &["does not match the manifest"]);
}

#[test]
fn a_manifest_and_a_signature_without_end_are_cut_off() {
    let world = World::installed(&[OLD, NEW]);
    let server = ReleaseServer::start(&world.path("releases"));
    world.configure_at(&server.url("/notes.toml"), "");
    for file in ["/notes.toml", "/notes.toml.minisig"] {
        server.misbehave(file, Mode::Endless);
        failed(&world, &UPGRADE, "manifest-unreachable", &[file, "is longer than"]);
        server.misbehave(file, Mode::Ok);
    }
    world.run(&UPGRADE).expect(0);
}

// FM-51
#[test]
fn either_of_two_keys_may_sign_and_what_one_signed_binds_the_other() {
    let mut world = World::installed(&[OLD, NEW]);
    world.publish();
    let second = sign_with_another_key(&world);
    let own = believe(&world, "[]");
    believe(&world, &format!("[\"{second}\", {}", own.trim_start_matches('[')));
    world.run(&["status"]).expect(0);
    world.publish_text(&manifest(&world).replace("sequence = 2\n", "sequence = 1\n"));
    refused(&world, &UPGRADE, "sequence", &["sequence is 1", "sequence 2 was seen"]);
    world.publish();
    world.run(&UPGRADE).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_manifest_without_a_signature_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::remove_file(world.path("releases/notes.toml.minisig")).unwrap();
    refused(&world, &UPGRADE, "signature", &["notes.toml`", "not signed", "notes.toml.minisig", "publisher"]);
}

#[test]
fn a_manifest_that_was_changed_after_it_was_signed_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::write(world.path("releases/notes.toml"), manifest(&world) + "# evil\n").unwrap();
    refused(&world, &UPGRADE, "signature", &["does not match the manifest"]);
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::write(world.path("releases/notes.toml.minisig"), "<html>please log in</html>\n").unwrap();
    refused(&world, &UPGRADE, "signature", &["not one of minisign's"]);
}

#[test]
fn a_signature_by_a_foreign_key_names_the_key_and_those_that_are_believed() {
    let world = World::installed(&[OLD, NEW]);
    sign_with_another_key(&world);
    let words = ["signed by the key", "the configuration believes only", "`manifest.keys`"];
    refused(&world, &UPGRADE, "signature", &words);
}

#[test]
fn an_older_manifest_is_refused_with_both_sequences() {
    let mut world = World::installed(&[OLD, NEW]);
    let old = ["notes.toml", "notes.toml.minisig"].map(|name| world.path("releases").join(name));
    let kept = old.clone().map(|file| std::fs::read(file).unwrap());
    world.publish();
    world.run(&["status"]).expect(0);
    for (file, bytes) in old.iter().zip(kept) {
        std::fs::write(file, bytes).unwrap();
    }
    refused(&world, &UPGRADE, "sequence", &["sequence is 1", "sequence 2 was seen", "higher sequence"]);
    refused(&world, &["upgrade", "--yes", "--allow-expired"], "sequence", &["sequence 2"]);
}

#[test]
fn an_equal_sequence_with_other_bytes_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    world.publish_text(&(manifest(&world) + "# another\n"));
    refused(&world, &UPGRADE, "sequence", &["another manifest with the sequence 1"]);
}

#[test]
fn an_expired_manifest_is_refused_and_believed_only_when_that_is_asked_for() {
    let mut world = World::installed(&[OLD, NEW]);
    world.publish_with("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    refused(&world, &UPGRADE, "expired", &["expired at 2026-11-02T00:00:00Z, and it is 20", "--allow-expired"]);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert!(status["available"].is_null() && status["warnings"][0].as_str().unwrap().contains("expired"));
    world.run(&["upgrade", "--yes", "--allow-expired"]).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn waiving_the_expiry_waives_nothing_else() {
    let mut world = World::installed(&[OLD, NEW]);
    world.publish_with("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    sign_with_another_key(&world);
    refused(&world, &["upgrade", "--yes", "--allow-expired"], "signature", &["signed by the key"]);
}

#[test]
fn a_clock_before_the_newest_manifest_is_named_as_wrong() {
    // FM-46
    let mut world = World::installed(&[OLD, NEW]);
    world.publish_with("2099-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    let words = ["the clock says 20", "before 2099-01-01T00:00:00Z", "set the clock"];
    refused(&world, &UPGRADE, "clock", &words);
    refused(&world, &["upgrade", "--yes", "--allow-expired"], "clock", &words);
    // The way back needs no clock.
    world.run(&["verify"]).expect(0);
    world.run(&["gate"]).expect(0);
}

#[test]
fn removing_a_stolen_key_drops_its_mark() {
    let mut world = World::installed(&[OLD, NEW]);
    let text = manifest(&world).replace("sequence = 1\n", "sequence = 9000000000000000000\n");
    world.publish_text(&text);
    let thief = sign_with_another_key(&world);
    let own = believe(&world, "[]");
    believe(&world, &format!("[\"{thief}\", {}", own.trim_start_matches('[')));
    world.run(&["status"]).expect(0);
    world.publish();
    refused(&world, &UPGRADE, "sequence", &["sequence is 2", "9000000000000000000 was seen"]);
    believe(&world, &own);
    world.run(&UPGRADE).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn removing_a_stolen_key_takes_back_how_far_it_moved_the_time() {
    let mut world = World::installed(&[OLD, NEW]);
    world.publish_with("2099-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    let thief = sign_with_another_key(&world);
    let own = believe(&world, "[]");
    believe(&world, &format!("[\"{thief}\", {}", own.trim_start_matches('[')));
    refused(&world, &UPGRADE, "clock", &["before 2099-01-01T00:00:00Z"]);
    believe(&world, &own);
    world.publish();
    world.run(&UPGRADE).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn the_manifest_of_another_product_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    world.publish_text(&manifest(&world).replace("product = \"notes\"", "product = \"letters\""));
    refused(&world, &UPGRADE, "product", &["`letters`", "`notes`", "`manifest.url`"]);
}

#[test]
fn a_manifest_with_mistakes_names_all_of_them_with_their_lines() {
    let world = World::installed(&[OLD, NEW]);
    let text = manifest(&world).replace("sequence = 1", "sequence = \"one\"").replacen("schema = 1", "shcema = 1", 1);
    world.publish_text(&text);
    let words = ["line 3", "`one`", "line 8", "unknown key `shcema`", "did you mean `schema`?", "without `schema`"];
    refused(&world, &UPGRADE, "manifest", &words);
    world.publish_text(&manifest(&world).replace("format = 1", "format = 2"));
    refused(&world, &UPGRADE, "manifest", &["format 2 is not known"]);
    world.publish_text("this is not TOML");
    refused(&world, &UPGRADE, "manifest", &["line 1"]);
}

#[test]
fn a_manifest_that_is_not_there_is_out_of_reach() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::remove_file(world.path("releases/notes.toml")).unwrap();
    failed(&world, &UPGRADE, "manifest-unreachable", &["releases/notes.toml", "No such file", "`manifest.url`"]);
    let answer = world.run(&["status", "--json"]).expect(0);
    let status = shaped(&answer);
    assert!(status["available"].is_null());
    assert!(status["warnings"][0].as_str().unwrap().contains("No such file"), "{status:#}");
}
