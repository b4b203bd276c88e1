//! Upgrades and rollbacks in a row while clients write: no acknowledged row is lost that no loss ledger named.

mod cycles;

use serde_json::Value;

use crate::gantry_world::{GantryRelease, GantryWorld, Losses};

/// Writes a second that are asked for.
const RATE: u32 = 600;

/// As in the catalogue, and two bad ones.
const RELEASES: [GantryRelease; 6] = [
    GantryRelease::new("1.4.0", 4, &[4, 6]),
    GantryRelease::new("1.5.0", 6, &[4, 6]),
    GantryRelease { never_healthy: true, ..GantryRelease::new("1.5.1", 6, &[4, 6]) },
    // Succeeds on an empty database, as its engineers tried it.
    GantryRelease {
        migration: Some(("0007_one_object.up.sql", "CREATE UNIQUE INDEX one_object ON objects (bucket_id);")),
        ..GantryRelease::new("1.5.2", 7, &[7])
    },
    GantryRelease { extra: "barrier = true", ..GantryRelease::new("1.6.0", 7, &[7]) },
    GantryRelease::new("1.7.0", 8, &[8]),
];

/// What to do, how it exits, and where the machine stands then.
struct Leg(&'static [&'static str], i32, &'static str, i64);

const LEGS: [Leg; 20] = [
    Leg(&["upgrade", "--to", "1.5.0"], 0, "1.5.0", 6),
    Leg(&["rollback", "--strategy", "binary"], 0, "1.4.0", 6),
    Leg(&["upgrade", "--to", "1.5.0"], 0, "1.5.0", 6),
    Leg(&["upgrade", "--to", "1.5.2"], 1, "1.5.0", 6),
    Leg(&["rollback", "--to", "1.4.0", "--strategy", "down"], 0, "1.4.0", 4),
    Leg(&["upgrade", "--to", "1.5.2", "--retry"], 1, "1.4.0", 4),
    Leg(&["upgrade", "--to", "1.5.0"], 0, "1.5.0", 6),
    Leg(&["upgrade", "--to", "1.6"], 0, "1.6.0", 7),
    Leg(&["rollback", "--strategy", "down"], 0, "1.5.0", 6),
    Leg(&["upgrade", "--to", "1.7"], 0, "1.7.0", 8),
    Leg(&["rollback", "--strategy", "down"], 0, "1.6.0", 7),
    Leg(&["rollback", "--to", "1.5.0", "--strategy", "down"], 0, "1.5.0", 6),
    // Without a migration there is one database, and it stays.
    Leg(&["upgrade", "--to", "1.5.1"], 4, "1.5.0", 6),
    Leg(&["rollback", "--to", "1.4.0", "--strategy", "down"], 0, "1.4.0", 4),
    // From here on rows are lost, and named: a release that serves on a new database and is never well, and backups.
    Leg(&["upgrade", "--to", "1.5.1", "--retry"], 4, "1.4.0", 4),
    Leg(&["upgrade", "--to", "1.6"], 0, "1.6.0", 7),
    Leg(&["rollback", "--strategy", "restore"], 0, "1.4.0", 4),
    Leg(&["upgrade", "--to", "1.7"], 0, "1.7.0", 8),
    Leg(&["rollback", "--strategy", "restore"], 0, "1.6.0", 7),
    Leg(&["upgrade", "--to", "1.7"], 0, "1.7.0", 8),
];

/// How many legs at the beginning lose no row.
const WITHOUT_LOSS: usize = 14;

#[test]
fn no_acknowledged_row_is_lost_in_twenty_upgrades_and_rollbacks_that_no_ledger_names() {
    let mut world = GantryWorld::installed(&RELEASES);
    let mut losses = Losses::default();
    world.begin_load(RATE);
    world.wait_for_acknowledgements(300);
    let (without_loss, with_loss) = LEGS.split_at(WITHOUT_LOSS);
    let mut downtimes = Vec::new();
    for leg in without_loss {
        let report = go(&world, leg);
        losses.add(&report);
        downtimes.extend(report["downtime_ms"].as_u64());
    }
    // Migrating down gives up columns, and a table that is counted from others: no row that was acknowledged.
    assert_eq!(losses, Losses::default());
    let first_load = world.end_load();
    let found = world.verify(&losses);
    for kind in ["missing_buckets", "missing_objects", "reverted_objects", "undeleted_objects"] {
        assert_eq!(found[kind], 0, "{found:#}");
    }
    world.begin_load(RATE);
    world.wait_for_acknowledgements(300);
    for leg in with_loss {
        let report = go(&world, leg);
        losses.add(&report);
        downtimes.extend(report["downtime_ms"].as_u64());
    }
    let second_load = world.end_load();
    // Fails by itself where more is missing than the ledgers name.
    let found = world.verify(&losses);
    assert_ne!(losses, Losses::default());
    downtimes.sort_unstable();
    println!("loads {first_load:#} {second_load:#}\ndowntimes in ms {downtimes:?}\nnamed {losses:?}\n{found:#}");
}

/// Goes one leg, and on from there until more was written.
#[track_caller]
fn go(world: &GantryWorld, Leg(arguments, code, version, schema): &Leg) -> Value {
    let report = world.run(&[*arguments, &["--yes"]].concat()).expect(*code).json();
    assert_eq!((world.current().as_str(), world.schema()), (*version, *schema), "{report:#}");
    world.wait_for_acknowledgements(200);
    report
}
