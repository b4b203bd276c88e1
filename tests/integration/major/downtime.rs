//! The downtime of an import grows with the data: it is known before, and may be limited.

use serde_json::json;

use super::below;
use crate::world::{MAJOR, MAJOR_OF_NEW, NEW, OLD, World};

fn limited(world: &World) -> serde_json::Value {
    world.run(&["upgrade", "--to", "2", "--yes", "--max-downtime", "1ms", "--json"]).expect(1).json()
}

#[test]
fn an_import_that_is_predicted_to_take_too_long_does_not_begin() {
    let world = below(MAJOR);
    let before = world.processes();
    let answer = limited(&world);
    assert_eq!(answer["error"]["code"], "max-downtime", "{answer:#}");
    assert!(answer["predicted_downtime_ms"].as_u64().unwrap() > 1, "{answer:#}");
    assert_eq!(world.processes(), before);
    world.stands_at("1.0.0", 1);
    assert_eq!(world.run(&["status", "--json"]).json()["held"], json!([]));
}

#[test]
fn the_import_of_a_later_hop_is_held_against_the_limit_before_the_first_one() {
    // Nothing is migrated by the first hop, so that the import alone is too long.
    let mut stop = NEW.extra("barrier = true");
    (stop.schema, stop.reads) = (1, &[1]);
    let world = World::installed(&[OLD, stop, MAJOR_OF_NEW.import(1)]);
    let before = world.processes();
    assert_eq!(limited(&world)["error"]["code"], "max-downtime");
    assert_eq!(world.processes(), before);
    world.stands_at("1.0.0", 1);
}
