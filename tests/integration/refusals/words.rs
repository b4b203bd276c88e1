//! Whole answers, as people and scripts see them. `INSTA_UPDATE=always cargo test` writes them anew.

use std::fmt::Write as _;

use super::databases::Holder;
use crate::world::{NEW, OLD, Release, World, answer};

/// What a command says, with its exit code.
pub fn said(world: &World, arguments: &[&str]) -> String {
    let mut command = world.command(arguments);
    command.env_remove("COLUMNS");
    let answer = answer(command);
    let mut text = format!("$ gantry-installer {}\n", arguments.join(" "));
    for (name, words) in [("stdout", &answer.stdout), ("stderr", &answer.stderr)] {
        if !words.is_empty() {
            let _ = write!(text, "--- {name}\n{words}");
        }
    }
    format!("{text}--- exit {}\n", answer.code)
}

/// The JSON object of a command, one key a line.
pub fn object(world: &World, arguments: &[&str]) -> String {
    let answer = world.run(&[arguments, &["--json"]].concat());
    format!("{:#}\n", answer.json())
}

/// Compares with what was recorded, without what is another with every run.
pub fn same(world: &World, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(&regex_of(env!("CARGO_BIN_EXE_gantry-installer")), "gantry-installer");
    settings.add_filter(&regex_of(world.path("").to_str().unwrap().trim_end_matches('/')), "[world]");
    for (found, shown) in [
        // Where other users' processes are hidden from this one.
        (r#"warning: some processes could not[^\n]*\n"#, ""),
        (r#"\n *"some processes could not[^\n]*"#, ""),
        (r"127\.0\.0\.1:\d+", "[address]"),
        (r"\b[0-9a-f]{64}\b", "[digest]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[time]"),
        (r"\b\d+ ms\b", "[n] ms"),
        (r#"(ms": )\d+"#, "$1[n]"),
        (r#"(pid": )\d+"#, "$1[pid]"),
        (r"\b(process|kill) \d+", "$1 [pid]"),
    ] {
        settings.add_filter(found, shown);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn regex_of(path: &str) -> String {
    path.replace('.', r"\.")
}

/// 1.2.0 is installed, 1.1.0 failed before it, and one row was written since.
fn lived_in() -> World {
    let failing = Release::new("1.1.0", 2, &[1, 2]).mode("dies-at-once");
    let mut world = World::installed(&[OLD, failing]);
    world.run(&["upgrade", "--yes"]).expect(4);
    world.add(&Release::new("1.2.0", 3, &[3]));
    world.add(&Release::new("1.3.0", 4, &[3, 4]).extra("notes = \"https://example.org/notes/1.3.0\""));
    world.publish();
    world.run(&["upgrade", "--to", "1.2", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (title, mood) VALUES ('four', 'good')");
    world
}

#[test]
fn help() {
    let world = World::with(&[]);
    same(&world, "help", &said(&world, &["--help"]));
    same(&world, "help-upgrade", &said(&world, &["upgrade", "--help"]));
    same(
        &world,
        "usage",
        &(said(&world, &["upgrade", "--too", "1.1"]) + &said(&world, &["upgrade", "--to", "latest"])),
    );
}

#[test]
fn status_tells_what_is_and_what_may_be() {
    let fresh = World::with(&[OLD]);
    same(&fresh, "status-fresh", &said(&fresh, &["status"]));
    let world = lived_in();
    same(&world, "status", &said(&world, &["status"]));
    same(&world, "status-json", &object(&world, &["status"]));
    std::fs::remove_dir_all(world.path("releases")).unwrap();
    same(&world, "status-out-of-reach", &said(&world, &["status"]));
}

#[test]
fn lists_of_runs_and_backups() {
    let world = lived_in();
    same(&world, "history", &said(&world, &["history"]));
    let runs = ["000002-upgrade-1.1.0", "000003-upgrade-1.2.0"];
    same(&world, "history-run", &runs.map(|run| said(&world, &["history", run])).join("\n"));
    same(&world, "backup-list", &said(&world, &["backup", "list"]));
    same(&world, "backup-list-json", &object(&world, &["backup", "list"]));
}

#[test]
fn a_prune_says_of_each_backup_why_it_goes_or_stays() {
    let world = lived_in();
    let nothing = said(&world, &["backup", "prune", "--yes"]);
    world.run(&["backup", "create"]).expect(0);
    world.configure("keep = 1\n");
    // The manual one is of the installed release, so that nothing is left to go back with.
    let pruned = said(&world, &["backup", "prune", "--yes"]);
    same(&world, "backup-prune", &format!("{nothing}\n{pruned}"));
}

#[test]
fn a_dry_run_of_an_upgrade() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 3, &[3]).extra("from = \">=1.1.0\"")]);
    same(&world, "upgrade-dry-run", &said(&world, &["upgrade", "--dry-run"]));
    same(&world, "upgrade-dry-run-json", &object(&world, &["upgrade", "--dry-run"]));
}

#[test]
fn a_dry_run_of_a_rollback() {
    let world = lived_in();
    same(&world, "rollback-dry-run", &said(&world, &["rollback", "--dry-run"]));
    same(&world, "rollback-dry-run-json", &object(&world, &["rollback", "--dry-run"]));
    same(&world, "rollback-loss", &said(&world, &["rollback", "--yes"]));
}

#[test]
fn an_upgrade_and_one_that_is_undone() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 3, &[3]).mode("dies-at-once")]);
    same(&world, "upgrade", &said(&world, &["upgrade", "--to", "1.1", "--yes"]));
    same(&world, "upgrade-undone", &said(&world, &["upgrade", "--yes"]));
    same(&world, "upgrade-held", &said(&world, &["upgrade", "--to", "1.2", "--yes"]));
    same(&world, "upgrade-nothing", &said(&world, &["upgrade", "--yes"]));
}

#[test]
fn a_refusal_with_several_reasons() {
    let world = World::installed(&[OLD, NEW]);
    world.execute("ALTER TABLE notes ADD COLUMN colour TEXT; DROP INDEX version_unique");
    let _holder = Holder::of(&world.database());
    same(&world, "refusal", &said(&world, &["upgrade", "--yes"]));
    same(&world, "refusal-json", &object(&world, &["upgrade", "--yes"]));
    std::fs::write(world.path("releases/notes.toml.minisig"), "gone").unwrap();
    same(&world, "refusal-signature", &said(&world, &["upgrade", "--yes"]));
}

#[test]
fn the_verdicts_of_the_gate() {
    let world = World::installed(&[Release::new("1.0.0", 1, &[1]), Release::new("1.1.0", 2, &[2])]);
    let mut verdicts = said(&world, &["gate"]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let point_at = |version: &str| {
        std::fs::remove_file(world.path("root/current")).unwrap();
        std::os::unix::fs::symlink(format!("versions/{version}"), world.path("root/current")).unwrap();
    };
    let mut after = |sql: &str| {
        world.execute(sql);
        verdicts += &format!("\n{}", said(&world, &["gate"]));
    };
    after("CREATE TABLE mine (a)");
    point_at("1.0.0");
    after("");
    point_at("1.1.0");
    after("DROP TABLE mine; ALTER TABLE notes DROP COLUMN mood; UPDATE schema_migrations SET version = 1");
    after("UPDATE schema_migrations SET version = 2");
    after("UPDATE schema_migrations SET dirty = 1");
    after("UPDATE schema_migrations SET version = 77, dirty = 0");
    let record = world.path("state/gate.json");
    let mut gate: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    gate["run"] = serde_json::json!({ "id": "000007-upgrade-1.4.0", "expect": null });
    std::fs::write(record, gate.to_string()).unwrap();
    after("");
    verdicts += &format!("\n{}", said(&world, &["gate", "--", "touch", "nothing"]));
    same(&world, "gate", &verdicts);
}
