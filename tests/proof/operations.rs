//! All operations that are proven. A further one is an entry here.

use crate::launcher::Stop;
use crate::operation::{Ends, Operation};
use crate::own_migrator;
use crate::stage::Stage;
use crate::world::{MAJOR, NEW, OLD, Release};

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "install",
        releases: two,
        prepare: |_| (),
        arguments: &["install", "--to", "1.0.0", "--yes"],
        ..UPGRADE
    },
    UPGRADE,
    Operation {
        name: "upgrade-without-wal",
        prepare: |stage| {
            stage.world.install("1.0.0");
            stage.size.fill(stage);
        },
        ..UPGRADE
    },
    // The service dies at its stop, and its log is the installer's to settle.
    Operation { name: "upgrade-with-log", stop: Stop::Kill, ..UPGRADE },
    Operation {
        name: "upgrade-hops",
        releases: || {
            let stop = |version, schema| Release::new(version, schema, &[1, 2, 3, 4]).extra("barrier = true");
            vec![OLD, stop("1.1.0", 2), stop("1.2.0", 3), Release::new("1.3.0", 4, &[4])]
        },
        arguments: &["upgrade", "--to", "1.3.0", "--yes"],
        stops: &["1.1.0", "1.2.0"],
        ..UPGRADE
    },
    Operation {
        name: "upgrade-failing",
        releases: || {
            let words = "writes 1 INSERT INTO notes (text) VALUES ('lost')\nnever-healthy\ndies-after 100";
            vec![OLD, NEW.mode(words)]
        },
        code: 4,
        ends: Ends::Old,
        ..UPGRADE
    },
    // What the product's own program does is killed as well, and is the installer's to take back.
    Operation {
        name: "upgrade-migrator",
        releases: || vec![own_migrator::FIRST, own_migrator::SECOND],
        prepare: |stage| {
            own_migrator::configure(&stage.world);
            at_old(stage);
        },
        kills: 30,
        ..UPGRADE
    },
    Operation { name: "upgrade-major", releases: major, arguments: CROSS, kills: 30, ..UPGRADE },
    Operation {
        name: "rollback-major",
        releases: major,
        prepare: |stage| {
            at_old(stage);
            stage.world.run(CROSS).expect(0);
            stage.world.execute("INSERT INTO notes (text) VALUES ('four')");
        },
        kills: 30,
        ..ROLLBACK
    },
    Operation { name: "rollback-binary", arguments: &["rollback", "--strategy", "binary", "--yes"], ..ROLLBACK },
    Operation { name: "rollback-down", arguments: &["rollback", "--strategy", "down", "--yes"], ..ROLLBACK },
    Operation { name: "rollback-restore", ..ROLLBACK },
    Operation { name: "backup-create", arguments: &["backup", "create"], ..UPGRADE },
    Operation {
        name: "backup-restore",
        // Release 1.1.0 runs on the schema of 1.0.0 as well: the program stays, and no row is lost.
        prepare: |stage| {
            at_old(stage);
            stage.world.run(UPGRADE.arguments).expect(0);
        },
        arguments: &["backup", "restore", "000002-upgrade-1.1.0", "--yes"],
        ..UPGRADE
    },
    Operation {
        name: "prune",
        prepare: |stage| {
            at_old(stage);
            for _ in 0..4 {
                stage.world.run(&["backup", "create"]).expect(0);
            }
            stage.configure("keep = 1");
        },
        arguments: &["backup", "prune", "--yes"],
        ends: Ends::Piecemeal,
        ..UPGRADE
    },
];

/// One of them.
pub fn named(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

const UPGRADE: Operation = Operation {
    name: "upgrade",
    releases: two,
    prepare: at_old,
    arguments: &["upgrade", "--to", "1.1.0", "--yes"],
    stops: &[],
    code: 0,
    ends: Ends::Either,
    kills: 80,
    stop: Stop::Term,
};

const ROLLBACK: Operation = Operation {
    name: "rollback-restore",
    prepare: at_new,
    arguments: &["rollback", "--strategy", "restore", "--yes"],
    // The log of a service that dies at its stop is there then.
    stop: Stop::Kill,
    ..UPGRADE
};

/// To the next major, whose database is made anew.
const CROSS: &[&str] = &["upgrade", "--to", "2.0.0", "--yes"];

/// Notes may be long there, as those of a large database are.
fn major() -> Vec<Release> {
    const SCHEMA: &str = "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    author INTEGER NOT NULL DEFAULT 1 REFERENCES authors
) STRICT;";
    vec![
        OLD,
        MAJOR.migrations(&[("0001_v2.up.sql", SCHEMA), ("0001_v2.down.sql", "DROP TABLE notes; DROP TABLE authors;")]),
    ]
}

fn two() -> Vec<Release> {
    vec![OLD, NEW]
}

/// Release 1.0.0 with three rows in the database, and one in its write-ahead log.
fn at_old(stage: &Stage) {
    stage.world.install("1.0.0");
    stage.size.fill(stage);
    stage.world.execute("PRAGMA journal_mode = WAL; INSERT INTO notes (text) VALUES ('logged')");
}

/// Release 1.1.0 after an upgrade, with one row more.
fn at_new(stage: &Stage) {
    at_old(stage);
    stage.world.run(UPGRADE.arguments).expect(0);
    stage.world.execute("INSERT INTO notes (text) VALUES ('four')");
}
