//! FM-34: state, versions, database and backups each on a file system of its own, so that nothing can be renamed from one
//! to another.

use gantry_installer::sys::attributes;

use crate::crash::frozen::quick;
use crate::crash::operations::{self, FAILING};
use crate::crash::sweep::Count;
use crate::disk::Disk;
use crate::tally;
use crate::world::{NEW, OLD, Release, World};

/// As a fault of the table.
const APART: &str = "kill, own file systems";

const ROOMS: [&str; 4] = ["state", "root", "data", "backups"];

/// A world whose rooms are on file systems of their own, which are declared later and so unmounted first.
fn apart(mount: impl Fn(&std::path::Path) -> Option<Disk>, new: Release) -> Option<(World, Vec<Disk>)> {
    let world = World::within(quick(), &[OLD, new]);
    let disks: Option<Vec<Disk>> = ROOMS.iter().map(|room| mount(&world.path(room))).collect();
    let disks = disks?;
    world.install("1.0.0");
    Some((world, disks))
}

fn in_memory(at: &std::path::Path) -> Option<Disk> {
    Disk::mount(at, 256)
}

fn on_ext4(at: &std::path::Path) -> Option<Disk> {
    Disk::ext4(at, 64)
}

#[test]
fn upgrade_undo_and_every_way_back_cross_file_systems() {
    for mount in [in_memory, on_ext4] {
        let Some((world, disks)) = apart(mount, NEW) else { return };
        world.run(&["upgrade", "--yes"]).expect(0);
        world.stands_at("1.1.0", 2);
        world.run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
        world.stands_at("1.0.0", 1);
        world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
        world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
        world.stands_at("1.0.0", 1);
        world.misbehave("1.1.0", "never-healthy\ndies-after 1\nwrites 1 INSERT INTO notes (text) VALUES ('lost')");
        let answer = world.run(&["upgrade", "--to", "1.1.0", "--yes", "--json"]).expect(4).json();
        assert_eq!(answer["loss"]["rows"], 1, "{answer:#}");
        world.stands_at("1.0.0", 1);
        world.run(&["backup", "verify"]).expect(0);
        tally::row("upgrade", "own file systems", 3, 1, 2);
        tally::row("rollback", "own file systems", 2, 0, 2);
        world.kill_service();
        drop(disks);
    }
}

#[test]
fn what_is_killed_between_two_file_systems_is_finished_or_undone() {
    let both = |count: Count| assert!(count.old > 0 && count.new > 0, "{count:?}");
    let Some((world, disks)) = apart(in_memory, NEW) else { return };
    both(operations::upgrade().run_borrowed(APART, tally::every(5), &world));
    world.kill_service();
    drop((disks, world));
    let Some((world, disks)) = apart(in_memory, FAILING) else { return };
    let count = operations::failing().run_borrowed(APART, tally::every(5), &world);
    assert_eq!(count.old, count.points);
    world.kill_service();
    drop(disks);
}

#[test]
fn a_database_on_a_file_system_that_shares_blocks_is_copied_by_them() {
    for kind in ["xfs", "btrfs"] {
        let world = World::with(&[OLD, NEW]);
        let Some(disk) = Disk::sharing(&world.path("data"), kind) else { continue };
        world.install("1.0.0");
        let open = |name: &str| {
            let path = world.path(&format!("data/{name}"));
            std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
        };
        let (from, to) = (open("notes.db"), open("shared.db"));
        // As for a database that is not to be copied when it is written, on a file system that knows the difference.
        attributes::write_in_place(&to);
        assert!(attributes::share_blocks(&from, &to), "{kind}");
        assert_eq!(to.metadata().unwrap().len(), from.metadata().unwrap().len());
        drop((from, to));
        std::fs::remove_file(world.path("data/shared.db")).unwrap();

        world.run(&["upgrade", "--yes"]).expect(0);
        world.stands_at("1.1.0", 2);
        world.run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
        world.stands_at("1.0.0", 1);
        world.kill_service();
        drop(disk);
    }
}
