//! Databases that no run may begin on.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use super::{refused, shaped};
use crate::release::copy_program;
use crate::world::{NEW, OLD, World};

const UPGRADE: [&str; 2] = ["upgrade", "--yes"];

fn world() -> World {
    World::installed(&[OLD, NEW])
}

#[test]
fn a_missing_database_is_named_with_its_path() {
    let world = world();
    world.kill_service();
    std::fs::remove_file(world.database()).unwrap();
    let path = world.database();
    let words = [path.to_str().unwrap(), "no database", "`database.url`", "there is no backup of it here"];
    refused(&world, &UPGRADE, "database-missing", &words);
    refused(&world, &["gate"], "unknown", &["No such file"]);
    refused(&world, &["backup", "create"], "database-missing", &words);
}

// FM-1
#[test]
fn what_a_lost_database_left_never_lies_beside_the_next_one() {
    let world = world();
    let made = world.run(&["backup", "create", "--json"]).expect(0).json();
    let id = made["backup"]["id"].as_str().unwrap();
    world.kill_service();
    let aside = world.path("aside.db");
    std::fs::rename(world.database(), &aside).unwrap();
    let log = format!("{}-wal", world.database().display());
    std::fs::write(&log, "frames").unwrap();
    let words = [&*log, "is left of a database that is not there any more", "put its database back beside it"];
    // Nobody can count what is lost, so that a `--yes` alone is not enough.
    let restore = ["rollback", "--to", "1.0.0", "--strategy", "restore", "--backup", id, "--yes"];
    refused(&world, &["backup", "restore", id, "--yes"], "beside", &words);
    refused(&world, &restore, "beside", &words);
    std::fs::remove_file(&log).unwrap();
    world.run(&restore).expect(0);
    world.stands_at("1.0.0", 1);
}

#[test]
fn an_empty_database_is_not_taken_for_a_new_one() {
    let world = world();
    world.kill_service();
    std::fs::write(world.database(), b"").unwrap();
    refused(&world, &UPGRADE, "database-empty", &["no bytes", "there is no backup of it here"]);
    refused(&world, &["gate"], "unknown", &["is empty"]);
    assert_eq!(std::fs::metadata(world.database()).unwrap().len(), 0);
}

#[test]
fn what_is_no_sqlite_database_is_told_as_such() {
    let world = world();
    world.kill_service();
    std::fs::write(world.database(), [7; 8192]).unwrap();
    refused(&world, &UPGRADE, "database-unusable", &["not a SQLite database, or it is encrypted"]);
    refused(&world, &["gate"], "unknown", &["not a SQLite database"]);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert!(status["database"]["error"].as_str().unwrap().contains("not a SQLite database"), "{status:#}");
}

#[test]
fn a_damaged_database_is_refused() {
    let world = world();
    world.kill_service();
    let mut bytes = std::fs::read(world.database()).unwrap();
    bytes[100..200].fill(0xff);
    std::fs::write(world.database(), bytes).unwrap();
    refused(&world, &UPGRADE, "database-unusable", &["is damaged", "backup"]);
    refused(&world, &["gate"], "unknown", &["is damaged"]);
    refused(&world, &["verify"], "database-unusable", &["is damaged"]);
}

// FM-11
#[test]
fn a_damage_that_only_a_whole_look_shows_ends_before_the_stop() {
    let world = world();
    world.execute("CREATE TABLE more (a); INSERT INTO more SELECT randomblob(3000) FROM notes, notes, notes");
    world.kill_service();
    let mut bytes = std::fs::read(world.database()).unwrap();
    let pages = bytes.len() / 4096;
    bytes[(pages - 2) * 4096..(pages - 1) * 4096].fill(0x5a);
    std::fs::write(world.database(), bytes).unwrap();
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(1);
    let object = shaped(&answer);
    let error = &object["error"];
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("the database is damaged") && message.contains("nothing was changed"), "{object:#}");
    let remedy = world.plain(error["remedy"].as_str().unwrap());
    assert!(remedy.contains("gantry-installer backup list"), "{object:#}");
    assert_eq!(world.current().as_deref(), Some("1.0.0"));
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held"], serde_json::json!([]), "no release made it so");
}

#[test]
fn a_locked_database_is_told_as_such() {
    let world = world();
    let writer = Writer::of(&world);
    let object = refused(&world, &UPGRADE, "database-unusable", &["is locked by another process"]);
    // And who it is, at once.
    let process = format!("process {} ", writer.0.id());
    assert!(object["refusals"][1]["message"].as_str().unwrap().starts_with(&process), "{object:#}");
    refused(&world, &["gate"], "unknown", &["is locked by another process"]);
    refused(&world, &["verify"], "database-unusable", &["is locked by another process"]);
    drop(writer);
    world.run(&UPGRADE).expect(0);
}

/// A process that has the database to itself until it is killed. It must be another one than this: the locks of a
/// process end when it closes the file, whichever descriptor it does that by.
struct Writer(Child);

impl Writer {
    fn of(world: &World) -> Self {
        let program = world.path("writer/notes");
        std::fs::create_dir(world.path("writer")).unwrap();
        copy_program(&world.path("root/current/bin/notes"), &program);
        std::fs::write(world.path("writer/mode"), "writes 1 BEGIN EXCLUSIVE").unwrap();
        // It listens once it has the lock.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut command = Command::new(program);
        command.args(["serve", "--listen", &free, "--database"]).arg(world.database());
        let child = command.spawn().unwrap();
        while std::net::TcpStream::connect(&free).is_err() {
            std::thread::yield_now();
        }
        Self(child)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A process that holds a file open until it is killed.
pub struct Holder(pub Child);

impl Holder {
    pub fn of(file: &std::path::Path) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg("exec 3<\"$0\"; echo; exec sleep 600").arg(file).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_process_that_is_not_the_services_is_named_before_anything_is_stopped() {
    let world = world();
    let holder = Holder::of(&world.database());
    let process = format!("process {} ", holder.0.id());
    let words = [&process, "notes.db", "is not the service", &format!("kill {}", holder.0.id())];
    refused(&world, &UPGRADE, "database-held", &words);
    drop(holder);
    world.run(&UPGRADE).expect(0);
    let holder = Holder::of(&world.database());
    refused(&world, &["rollback", "--yes"], "database-held", &[&format!("process {} ", holder.0.id())]);
    drop(holder);
    world.run(&["rollback", "--yes"]).expect(0);
}

#[test]
fn a_database_that_is_newer_than_any_release_here_is_refused() {
    let world = world();
    world.execute("UPDATE schema_migrations SET version = 99");
    refused(&world, &UPGRADE, "unknown-schema", &["schema 99", "which release wrote"]);
    refused(&world, &["gate"], "unknown", &["schema 99"]);
    let findings = refused(&world, &["verify"], "schema-unread", &["1.0.0", "schema 99"]);
    assert!(!findings.to_string().contains("force"));
}

#[test]
fn a_dirty_ledger_says_where_the_schema_really_stands() {
    let world = world();
    let made = world.run(&["backup", "create", "--json"]).expect(0).json();
    let restore = format!("`gantry-installer backup restore {} --dry-run`", made["backup"]["id"].as_str().unwrap());
    world.execute("UPDATE schema_migrations SET version = 2, dirty = 1");
    let words = ["dirty at 2", "exactly that of version 1", &restore];
    refused(&world, &UPGRADE, "dirty", &words);
    refused(&world, &["verify"], "dirty", &words);
    refused(&world, &["gate"], "dirty", &["dirty at 2"]);
    // What is named works.
    world.run(&["backup", "restore", made["backup"]["id"].as_str().unwrap(), "--dry-run"]).expect(0);
}

#[test]
fn a_schema_that_drifted_is_refused_with_what_differs() {
    let world = world();
    world.execute("ALTER TABLE notes ADD COLUMN colour TEXT");
    let words = ["schema 1", "one object is not", "table notes changed"];
    refused(&world, &UPGRADE, "drifted", &words);
    refused(&world, &["verify"], "drifted", &words);
    refused(&world, &["gate"], "drifted", &["table notes changed"]);
    world.execute("CREATE TRIGGER mine AFTER INSERT ON notes BEGIN SELECT 1; END");
    refused(&world, &UPGRADE, "drifted", &["2 objects are not", "trigger mine extra"]);
}

#[test]
fn a_dropped_table_is_drift_too() {
    let world = world();
    world.execute("ALTER TABLE notes RENAME TO letters");
    refused(&world, &UPGRADE, "drifted", &["table notes missing"]);
}

#[test]
fn additions_that_do_no_harm_are_named_and_tolerated() {
    let world = world();
    world.execute("CREATE TABLE mine (a); CREATE INDEX by_text ON notes (text)");
    world.run(&["gate"]).expect(0);
    let object = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    let warnings = object["warnings"].to_string();
    assert!(warnings.contains("table mine extra") && warnings.contains("index by_text extra"), "{object:#}");
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_database_file_that_may_not_be_replaced_is_refused() {
    let world = world();
    let mark = |how: &str| Command::new("chattr").arg(how).arg(world.database()).status();
    if !mark("+i").is_ok_and(|status| status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: this file system or this user knows no immutable files");
        return;
    }
    let before = world.run(&["upgrade", "--yes", "--json"]);
    mark("-i").unwrap();
    let object = shaped(&before.expect(3));
    assert!(object["refusals"].to_string().contains("chattr -i"), "{object:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_ledger_that_is_gone_is_no_schema() {
    let world = world();
    world.execute("DROP TABLE schema_migrations");
    let object = shaped(&world.run(&["upgrade", "--yes", "--json"]));
    assert_ne!(object["outcome"], "done", "{object:#}");
    assert_eq!(world.current().as_deref(), Some("1.0.0"));
    assert_eq!(world.answers().as_deref(), Some("1.0.0"));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 3);
}
