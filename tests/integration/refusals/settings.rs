//! Configurations and command lines that are wrong.

use super::{refused, shaped};
use crate::world::{NEW, OLD, World, answer};

/// A world whose configuration has `from` replaced by `to`.
fn with(from: &str, to: &str) -> World {
    let world = World::with(&[OLD]);
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
    world
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
    let world = with("stop_timeout", "stop_timout");
    let words = ["installer.toml", "line 17", "`stop_timout`", "did you mean `stop_timeout`?"];
    refused(&world, &["install", "--yes"], "config", &words);
}

#[test]
fn a_wrong_type_is_refused_with_its_line() {
    refused(&with("product = \"notes\"", "product = 7"), &["install", "--yes"], "config", &["line 1", "string"]);
}

#[test]
fn a_missing_required_key_is_named() {
    let world = with("format = \"golang-migrate\"\n", "");
    refused(&world, &["status"], "config", &["line 8", "missing field `format`"]);
}

// FM-54, FM-55, FM-56
#[test]
fn a_capability_that_is_not_built_yet_is_refused_as_such() {
    let world = with("[backup]", "[cluster]\nvoter = true\n[backup]");
    refused(&world, &["upgrade", "--yes"], "config", &["cluster.voter", "not supported yet"]);
}

#[test]
fn a_key_that_is_none_is_refused() {
    let world = with("keys = [\"RW", "keys = [\"XX");
    refused(&world, &["install", "--yes"], "config", &["line 7", "`manifest.keys`", "XX", "begins with RW"]);
}

#[test]
fn a_missing_configuration_is_named_with_the_way_to_another() {
    let world = World::with(&[OLD]);
    std::fs::remove_file(world.path("installer.toml")).unwrap();
    for command in [&["status"][..], &["install"], &["upgrade"], &["rollback"], &["recover"], &["verify"], &["gate"]] {
        refused(&world, command, "config", &["installer.toml", "No such file", "--config FILE"]);
    }
}

#[test]
fn a_gate_that_cannot_be_asked_starts_nothing() {
    let world = World::with(&[OLD]);
    let marker = world.path("started");
    let touch = ["gate", "--", "touch", marker.to_str().unwrap()];
    let refusal = world.run(&touch).expect(78);
    assert!(refusal.stderr.contains("unknown: there is no"), "{refusal:#?}");
    std::fs::write(world.path("installer.toml"), "product = 7").unwrap();
    world.run(&touch).expect(78);
    std::fs::remove_file(world.path("installer.toml")).unwrap();
    world.run(&touch).expect(78);
    assert!(!marker.exists());
}

#[test]
fn a_wrong_command_line_is_usage() {
    let world = World::with(&[OLD, NEW]);
    for arguments in [
        &["upgrade", "--json", "--no-such-flag"][..],
        &["upgrade", "--json", "--to"],
        &["upgrade", "--json", "--to", "latest"],
        &["rollback", "--json", "--strategy", "luck"],
        &["nonsense", "--json"],
        &["--json"],
        &["-q", "-v", "--json", "status"],
    ] {
        let answer = world.run(arguments).expect(2);
        let object = shaped(&answer);
        assert_eq!(object["outcome"], "usage");
        assert_eq!(object["error"]["code"], "usage");
        assert_eq!(answer.stderr, "");
    }
    let answer = world.run(&["upgrade", "--to", "latest"]).expect(2);
    assert!(answer.stderr.contains("`latest` is not a version") && answer.stdout.is_empty(), "{answer:#?}");
}

#[test]
fn the_usage_error_names_what_was_wrong() {
    let world = World::with(&[OLD]);
    let message = |arguments: &[&str]| shaped(&world.run(arguments).expect(2))["error"]["message"].to_string();
    assert!(message(&["--json"]).contains("command"), "{}", message(&["--json"]));
    assert!(message(&["upgrade", "--json", "--nope"]).contains("--nope"));
    let missing = shaped(&world.run(&["--json", "migrate", "status", "--database", "sqlite:/a"]).expect(2));
    assert!(missing["error"]["message"].as_str().unwrap().contains("--dir"), "{missing:#}");
    assert_eq!(missing["command"], "migrate status");
    assert_eq!(shaped(&world.run(&["upgrade", "--json", "--nope"]).expect(2))["hops"], serde_json::json!([]));
}

#[test]
fn the_configuration_is_named_by_the_environment_too() {
    let world = World::with(&[OLD]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gantry-installer"));
    command.args(["status", "--json"]).env("GANTRY_INSTALLER_CONFIG", world.path("installer.toml"));
    answer(command).expect(0);
}
