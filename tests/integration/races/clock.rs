//! FM-23, FM-46: a clock that jumps by years in the middle of a run, as one does that is set at last.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::crash::operations;
use crate::standing::Standing;
use crate::tally::{self, End};
use crate::world::{NEW, World};

/// The library that lies about the time, without lying about how long things take.
fn library() -> Option<PathBuf> {
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let found =
        places.map(|place| Path::new(place).join("faketime/libfaketime.so.1")).into_iter().find(|path| path.exists());
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: there is no libfaketime; the package faketime has it");
    }
    found
}

fn under(mut command: Command, library: &Path, clock: &Path) -> Command {
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", clock).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

fn upgraded(world: &World, point: u64, jump: &str, library: &Path) {
    let clock = world.path("clock");
    std::fs::write(&clock, "+0").unwrap();
    let upgrade = Standing::before(point, under(world.command(operations::upgrade().arguments), library, &clock));
    assert!(upgrade.stands());
    std::fs::write(&clock, jump).unwrap();
    upgrade.goes_on().expect(0);
}

#[test]
fn a_clock_that_jumps_by_years_in_the_middle_of_a_run_changes_nothing() {
    let Some(library) = library() else { return };
    for jump in ["-6y", "+6y"] {
        // While things are fetched, rehearsed, stopped, exchanged, started.
        for point in [40, 80, 100, 120, 140] {
            let world = operations::at_old(NEW);
            upgraded(&world, point, jump, &library);
            world.stands_at("1.1.0", 2);
            world.run(&["backup", "verify"]).expect(0);
            world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
            world.stands_at("1.0.0", 1);
            tally::point("upgrade", "clock jumps", End::New);
        }
    }
}

// Backups are pruned by when they were made, and not by what the clock said then.
#[test]
fn a_clock_that_ran_backwards_does_not_make_the_newest_backup_the_oldest() {
    let Some(library) = library() else { return };
    let world = operations::at_old(NEW);
    world.run(&["backup", "create"]).expect(0);
    world.configure("keep = 1\n");
    upgraded(&world, 100, "-6y", &library);
    let kept = world.run(&["backup", "list", "--json"]).expect(0).json();
    assert_eq!(kept["backups"].as_array().unwrap().len(), 1, "{kept:#}");
    assert_eq!(kept["backups"][0]["kind"], "before", "{kept:#}");
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
}

// A machine without a clock of its own wakes up in 1970: an upgrade says so, and what needs no manifest goes on.
#[test]
fn a_clock_that_is_wrong_from_the_start_is_named_and_keeps_nobody_from_going_back() {
    let Some(library) = library() else { return };
    let world = operations::at_old(NEW);
    world.run(operations::upgrade().arguments).expect(0);
    let clock = world.path("clock");
    std::fs::write(&clock, "-50y").unwrap();
    let run = |words: &[&str]| crate::world::answer(under(world.command(words), &library, &clock));
    let refused = run(&["upgrade", "--yes", "--json"]).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "clock", "{refused:#}");
    tally::point("upgrade", "clock is wrong", End::Old);
    run(&["gate"]).expect(0);
    run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
    tally::point("rollback", "clock is wrong", End::New);
}
