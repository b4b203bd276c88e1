//! What went wrong in other upgraders, and has no other place among the tests.

use crate::disk::Disk;
use crate::world::{Answer, NEW, OLD, Release, World, answer};

const UPGRADE: [&str; 3] = ["upgrade", "--yes", "--json"];

fn with(world: &World, variable: &str, value: &std::path::Path) -> Answer {
    let mut command = world.command(&UPGRADE);
    command.env(variable, value);
    answer(command)
}

// FM-8: what is tidied up after the commit fails, and nothing is taken back for it.
#[test]
fn what_fails_after_the_commit_undoes_nothing() {
    let world = World::installed(&[OLD, NEW]);
    // Something that is no directory has the name under which the backup begins.
    let taken = world.path("backups/.000002-upgrade-1.1.0.staged");
    std::fs::write(&taken, "mine").unwrap();
    let done = world.run(&UPGRADE).expect(0).json();
    assert_eq!(done["outcome"], "done");
    assert!(done["warnings"].to_string().contains("tidy step is unfinished"), "{done:#}");
    world.stands_at("1.1.0", 2);
    std::fs::remove_file(&taken).unwrap();
    world.run(&["recover"]).expect(0);
    world.run(&["backup", "verify"]).expect(0);
    world.stands_at("1.1.0", 2);
}

const COMPACT: Release = Release::new("1.1.0", 2, &[1, 2]).migrations(&[
    ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
    ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT; VACUUM;"),
    ("0002_mood.down.sql", "ALTER TABLE notes DROP COLUMN mood;"),
]);

// FM-9: SQLite's own temporary files need room as well; without it the rehearsal fails while the service runs.
// FM-37: and nothing is run from there.
#[test]
fn a_temporary_directory_that_is_full_and_runs_nothing_costs_no_downtime_and_holds_no_release() {
    let world = World::installed(&[OLD, COMPACT]);
    // More than SQLite keeps in its cache.
    world.execute("CREATE TABLE ballast (a); INSERT INTO ballast VALUES (zeroblob(30000000))");
    let Some(disk) = Disk::mount_with(&world.path("tmp"), "size=64k,noexec") else { return };
    let failed = with(&world, "TMPDIR", disk.path()).expect(1).json();
    assert!(failed["error"].to_string().contains("full"), "{failed:#}");
    assert!(failed["downtime_ms"].is_null(), "{failed:#}");
    world.stands_at("1.0.0", 1);
    assert!(disk.remount("size=64m,noexec"));
    with(&world, "TMPDIR", disk.path()).expect(0);
    world.stands_at("1.1.0", 2);
}

// FM-18: the backup is of what was there before, not of what the migrations made.
#[test]
fn the_backup_of_an_upgrade_is_what_the_old_release_left() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&UPGRADE).expect(0);
    let backup = rusqlite::Connection::open(world.path("backups/000002-upgrade-1.1.0/database.db")).unwrap();
    let one = |sql: &str| backup.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("SELECT version FROM schema_migrations"), 1);
    assert_eq!(one("SELECT count(*) FROM pragma_table_info('notes') WHERE name = 'mood'"), 0);
    assert_eq!(one("SELECT count(*) FROM notes"), 3);
}

// FM-25
#[test]
fn a_directory_for_backups_that_is_not_there_is_made() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::remove_dir(world.path("backups")).unwrap();
    world.run(&UPGRADE).expect(0);
    world.run(&["backup", "verify"]).expect(0);
}

// FM-34: nothing is renamed from one file system to another.
#[test]
fn program_state_and_backups_may_each_have_a_file_system_of_their_own() {
    let world = World::with(&[OLD, NEW]);
    let disks = ["root", "state", "backups"].map(|place| Disk::mount(&world.path(place), 96));
    if disks.iter().any(Option::is_none) {
        return;
    }
    world.install("1.0.0");
    world.run(&UPGRADE).expect(0);
    world.stands_at("1.1.0", 2);
    world.run(&["backup", "verify"]).expect(0);
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
    world.kill_service();
}

// FM-43: nothing is removed but what the installer made.
#[test]
fn what_is_not_the_installers_own_is_never_removed() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 2, &[1, 2]), Release::new("1.3.0", 2, &[1, 2])]);
    world.replace("[backup]\n", "[backup]\nkeep = 1\n");
    let own =
        ["root/mine", "root/versions/mine", "backups/mine", "data/mine", "state/mine"].map(|place| world.path(place));
    for place in &own {
        std::fs::create_dir(place).unwrap();
        std::fs::write(place.join("file"), "mine").unwrap();
    }
    for to in ["1.1.0", "1.2.0", "1.3.0"] {
        world.run(&["upgrade", "--to", to, "--yes"]).expect(0);
    }
    world.run(&["backup", "prune", "--yes"]).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    for place in &own {
        assert_eq!(std::fs::read_to_string(place.join("file")).unwrap(), "mine");
    }
}

// FM-44: every path is in the configuration, absolute.
#[test]
fn neither_the_home_nor_the_directory_of_the_caller_leads_elsewhere() {
    let world = World::installed(&[OLD, NEW]);
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = world.command(&UPGRADE);
    command.current_dir(elsewhere.path()).env("HOME", elsewhere.path()).env("XDG_STATE_HOME", elsewhere.path());
    answer(command).expect(0);
    world.stands_at("1.1.0", 2);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    world.replace(world.path("state").to_str().unwrap(), "state");
    assert!(world.run(&["status"]).expect(3).stderr.contains("install.state"));
}

// FM-39: there is no instant at which the link to the release in use is not there.
#[test]
fn a_link_that_is_pointed_elsewhere_leads_somewhere_at_every_instant() {
    let place = tempfile::tempdir().unwrap();
    let link = place.path().join("current");
    let point = |to: &str| gantry_installer::sys::fs::replace_link(&link, std::path::Path::new(to)).unwrap();
    point("versions/1.0.0");
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                let target = std::fs::read_link(&link).unwrap();
                assert!(target.starts_with("versions"), "{}", target.display());
            }
        });
        for _ in 0..200 {
            point("versions/1.1.0");
            point("versions/1.0.0");
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
