//! Gantry itself, under load: from 1.5 to 2.0 by one command, and back.

use serde_json::{Value, json};

use crate::gantry_world::{GantryRelease, GantryWorld, Losses};

/// As in the catalogue.
const RELEASES: [GantryRelease; 4] = [
    GantryRelease::new("1.5.0", 6, &[4, 6]),
    GantryRelease { extra: "barrier = true", ..GantryRelease::new("1.6.0", 7, &[7]) },
    GantryRelease::new("1.7.0", 8, &[8]),
    GantryRelease {
        extra: "from = \">=1.7.0\"\nimport = \"import/from-v1\"",
        ..GantryRelease::new("2.0.0", 105, &[105])
    },
];

fn count(world: &GantryWorld, table: &str) -> i64 {
    let database = rusqlite::Connection::open(world.path("data/gantry.db")).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

// FM-58, FM-60
#[test]
fn from_1_5_to_2_0_and_back_under_load_every_acknowledged_row_is_there_or_named() {
    let mut world = GantryWorld::installed(&RELEASES);
    world.begin_load(300);
    world.wait_for_acknowledgements(300);
    let up = world.run(&["upgrade", "--to", "2", "--yes"]).expect(0).json();
    let hops: Vec<_> = up["hops"].as_array().unwrap().iter().map(|hop| hop["to"]["version"].clone()).collect();
    assert_eq!(hops, ["1.6.0", "1.7.0", "2.0.0"]);
    assert_eq!((world.current().as_str(), world.schema()), ("2.0.0", 105));
    let old = |name: &str| -> Value {
        let tables = up["import"]["old"].as_array().unwrap();
        tables.iter().find(|table| table["name"] == name).unwrap()["rows"].clone()
    };
    let new = |name: &str| -> Value {
        let tables = up["import"]["new"].as_array().unwrap();
        tables.iter().find(|table| table["name"] == name).unwrap()["rows"].clone()
    };
    assert_eq!((old("buckets"), old("objects"), old("cradles")), (new("buckets"), new("objects"), new("servers")));
    assert!(new("objects").as_u64().unwrap() >= 250, "{up:#}");
    // 2.0 serves the same clients.
    world.wait_for_acknowledgements(200);
    world.end_load();
    let found = world.verify(&Losses::default());
    assert_eq!(found["missing_objects"], 0, "{found:#}");

    let objects = old("objects").as_i64().unwrap();
    let down = world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0).json();
    assert_eq!(down["to"], json!({ "version": "1.7.0", "schema": 8 }));
    assert_eq!(count(&world, "objects"), objects);
    let mut losses = Losses::default();
    losses.add(&down);
    assert_ne!(losses, Losses::default());
    // Fails by itself where more is missing than the ledger names.
    world.verify(&losses);
    world.begin_load(300);
    world.wait_for_acknowledgements(50);
    world.end_load();
}
