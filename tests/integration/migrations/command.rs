//! A product that migrates itself by a command: its migrator is run on copies, as it would be on the live file.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::own_migrator::{FIRST, MOOD, NOTES, SECOND, configure};
use crate::world::{Release, World};

/// A release whose migrator also does what this shell script says, before it migrates; `$2` is the database.
const fn tricky(files: &'static [(&'static str, &'static str)]) -> Release {
    Release::new("1.1.0", 2, &[2]).migrations(files)
}

fn world(releases: &[Release]) -> World {
    let world = World::with(releases);
    configure(&world);
    world.install("1.0.0");
    world
}

/// An upgrade that must be refused in the rehearsal, with these words, and leave everything as it was.
#[track_caller]
fn fails(world: &World, words: &[&str]) -> Value {
    let answer = world.run(&["upgrade", "--yes", "--json"]);
    let object = answer.json();
    let said = object["error"].to_string();
    words.iter().for_each(|word| assert!(said.contains(word), "no `{word}` in {object:#}"));
    assert_eq!(answer.code, 1, "{object:#}");
    world.stands_at("1.0.0", 1);
    let left: Vec<_> = std::fs::read_dir(world.path("data/.gantry-installer-notes")).unwrap().collect();
    assert_eq!(left.len(), 1, "only the owner's mark: {left:?}");
    object
}

#[test]
fn an_upgrade_runs_the_products_own_migrator_on_copies() {
    let world = world(&[FIRST, SECOND]);
    world.stands_at("1.0.0", 1);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    // The product's account is a table like any other: nothing is known of it.
    assert_eq!(answer["receipt"]["tables"][0], json!({ "name": "notes", "before": 3, "after": 3 }));
    assert_eq!(answer["receipt"]["tables"][1]["name"], "schema_migrations");
    assert_eq!((&answer["from"]["schema"], &answer["to"]["schema"]), (&json!(1), &json!(2)));
    world.stands_at("1.1.0", 2);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!((&status["database"]["format"], &status["database"]["schema"]), (&json!("command"), &json!(2)));
    world.run(&["verify"]).expect(0);
    world.run(&["gate"]).expect(0);
}

#[test]
fn the_way_back_is_the_program_alone_or_a_backup_and_never_down() {
    let world = world(&[FIRST, SECOND]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.execute("UPDATE notes SET mood = 'glad' WHERE id = 1");
    let ways = world.run(&["rollback", "--dry-run", "--json"]).expect(0).json();
    let ways: Vec<_> =
        ways["strategies"].as_array().unwrap().iter().map(|way| (&way["name"], &way["possible"])).collect();
    assert_eq!(
        ways,
        [(&json!("binary"), &json!(true)), (&json!("restore"), &json!(true)), (&json!("down"), &json!(false))]
    );
    world.run(&["rollback", "--yes"]).expect(0);
    world.stands_at("1.0.0", 2);
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    let lossy = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert_eq!(lossy["loss"]["tables"][0]["changed"], 1, "{lossy:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_migrator_that_does_nothing_and_one_that_fails_half_way_are_refused_with_what_they_said() {
    let nothing = world(&[FIRST, tricky(&[NOTES, MOOD, ("trick.sh", "exit 0")])]);
    // On an empty database already, so that the release never gets here.
    fails(&nothing, &["migrator of 1.1.0", "leads to schema `none`"]);
    let half = "if [ -s \"$2\" ]; then printf 'x' | dd of=\"$2\" bs=1 seek=9000 conv=notrunc 2>/dev/null; echo no luck >&2; exit 3; fi";
    let files = [NOTES, MOOD, ("trick.sh", half)];
    let half = world(&[FIRST, tricky(Box::leak(Box::new(files)))]);
    fails(&half, &["the migrator of 1.1.0 fails: exit status 3: no luck"]);
}

#[test]
fn a_migrator_that_replaces_the_file_or_leaves_a_process_behind_is_refused() {
    let replaces = "if [ -s \"$2\" ]; then cp \"$2\" \"$2.new\"; mv \"$2.new\" \"$2\"; fi";
    let files = [NOTES, MOOD, ("trick.sh", replaces)];
    let replacing = world(&[FIRST, tricky(Box::leak(Box::new(files)))]);
    fails(&replacing, &["puts another file in the place of the one that it is given"]);
    // In a session of its own, so that it outlives the migrator's process group.
    let stays = "if [ -s \"$2\" ]; then setsid sh -c 'exec 3<\"$1\"; exec sleep 60 >/dev/null 2>&1' sh \"$2\" & \
                 while ! grep -qs sleep /proc/$!/comm; do :; done; fi";
    let files = [NOTES, MOOD, ("trick.sh", stays)];
    let staying = world(&[FIRST, tricky(Box::leak(Box::new(files)))]);
    let object = fails(&staying, &["leaves the process", "which has the database open"]);
    let said = object["error"]["message"].as_str().unwrap();
    let pid: i32 = said.split("leaves the process ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_log_that_a_migrator_leaves_is_part_of_what_it_did_and_the_journal_mode_comes_back() {
    let mode = ("0003_mode.up.sql", "PRAGMA journal_mode = WAL; CREATE TABLE tags (name);");
    let files = [NOTES, MOOD, mode];
    let release = Release::new("1.1.0", 3, &[3]).migrations(Box::leak(Box::new(files)));
    let world = world(&[FIRST, release]);
    let before: String = world.query("PRAGMA journal_mode");
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 3);
    assert_eq!(world.query::<String>("PRAGMA journal_mode"), before);
}

#[test]
fn rows_that_a_migrator_loses_are_refused_with_the_table_and_the_numbers() {
    let loses = ("0003_prune.up.sql", "DELETE FROM notes WHERE id > 1; CREATE TABLE tags (name);");
    let files = [NOTES, MOOD, loses];
    let release = Release::new("1.1.0", 3, &[3]).migrations(Box::leak(Box::new(files)));
    let world = world(&[FIRST, release]);
    fails(&world, &["the migrator of 1.1.0 takes `notes` from 3 to 1 rows"]);
}

#[test]
fn a_drifted_database_is_told_by_its_look() {
    let world = world(&[FIRST, SECOND]);
    world.execute("CREATE INDEX mine ON notes (text)");
    world.run(&["gate"]).expect(0);
    world.execute("ALTER TABLE notes ADD COLUMN colour");
    let refused = world.run(&["upgrade", "--yes", "--json"]).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "drifted");
    world.run(&["gate"]).expect(3);
}

#[test]
fn a_database_that_was_there_is_adopted_if_it_looks_like_the_release() {
    let world = World::with(&[FIRST, SECOND]);
    configure(&world);
    let sql = format!(
        "{} CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (1, 0);
         INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')",
        NOTES.1
    );
    world.execute(&sql);
    world.run(&["install", "--to", "1.1.0", "--yes"]).expect(1);
    world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
}

#[test]
fn what_needs_files_of_migrations_is_refused_for_such_a_product() {
    let world = world(&[FIRST]);
    for verb in [&["migrate", "up", "--yes"][..], &["migrate", "status"], &["migrate", "test"]] {
        let refused = world.run(&[verb, &["--json"]].concat()).expect(3).json();
        assert_eq!(refused["refusals"][0]["code"], "own-migrator", "{refused:#}");
    }
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_release_that_is_never_healthy_is_undone_and_what_it_wrote_is_counted() {
    let sick = Release::new("1.1.0", 2, &[2]).migrations(&[NOTES, MOOD]).mode("never-healthy\ndies-after 1");
    let world = world(&[FIRST, sick]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(4).json();
    assert_eq!(answer["loss"]["rows"], 0, "{answer:#}");
    world.stands_at("1.0.0", 1);
}

/// As root it must not be root that runs what the product brought.
#[test]
fn a_migrator_runs_as_the_owner_of_the_database_with_nothing_else_in_reach() {
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "skipped: only root runs programs as others");
        return;
    }
    const NOBODY: u32 = 65534;
    let looks = "if [ -s \"$2\" ]; then test \"$(id -u)\" = 65534 && test \"$(id -G)\" = 65534 && test -z \"$SECRET\" && \
                 ! ls \"${2%/handed/*}\" 2>/dev/null && test -z \"$(ls -A)\" || exit 9; fi";
    let files = [NOTES, MOOD, ("trick.sh", looks)];
    let world = world(&[FIRST, tricky(Box::leak(Box::new(files)))]);
    let open = |path: &std::path::Path| {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    };
    open(&world.path(""));
    for path in [world.path("data"), world.database()] {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = world.command(&["upgrade", "--yes", "--json"]);
    command.env("SECRET", "not for everybody");
    let answer = crate::world::answer(command).expect(0);
    world.stands_at("1.1.0", 2);
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(world.database()).unwrap());
    assert_eq!(owner, NOBODY, "{answer:#?}");
}
