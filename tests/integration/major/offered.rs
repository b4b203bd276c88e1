//! Another major is gone to only when it is asked for.

use serde_json::json;

use super::{below, cross};
use crate::world::{MAJOR, MAJOR_OF_NEW, NEW, OLD, World};

#[test]
fn a_plain_upgrade_stays_inside_the_major_and_says_what_the_next_one_takes() {
    let world = World::installed(&[OLD, NEW.extra("barrier = true"), MAJOR_OF_NEW]);
    let answer = world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    assert!(answer.stdout.contains("2.0.0 makes the database anew: one hop, down for about "), "{answer:#?}");
    assert!(world.plain(&answer.stdout).contains("`gantry-installer upgrade --to 2`"), "{answer:#?}");
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!((&answer["outcome"], &answer["major"]["version"]), (&json!("nothing"), &json!("2.0.0")), "{answer:#}");
    assert!(answer["major"]["downtime_ms"].as_u64().unwrap() > 0);
    let room = &answer["major"]["space"][0];
    assert!(room["needed"].as_u64().unwrap() > 0 && room["available"].as_u64() > room["needed"].as_u64(), "{room:#}");
}

#[test]
fn the_status_says_what_the_next_major_takes() {
    let world = World::installed(&[OLD, NEW.extra("barrier = true"), MAJOR_OF_NEW]);
    let status = world.run(&["status", "--json"]).expect(0).json();
    let major = &status["available"]["major"];
    assert_eq!((&major["version"], &major["hops"]), (&json!("2.0.0"), &json!(["1.1.0", "2.0.0"])), "{status:#}");
    let shown = world.run(&["status"]).expect(0).stdout;
    assert!(
        shown.contains("major      2.0.0 makes the database anew: by way of 1.1.0, 2.0.0, down for about "),
        "{shown}"
    );
    // Once it is there, nothing is above it.
    cross(&world).expect(0);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["available"]["major"], json!(null));
    assert_eq!(status["installed"], json!({ "version": "2.0.0", "schema": 1 }));
}

#[test]
fn a_major_without_an_import_is_refused() {
    let mut bare = MAJOR.extra("from = \">=1.0\"");
    bare.import = None;
    let world = below(bare);
    let answer = cross(&world).expect(3).json();
    assert!(answer["refusals"][0]["message"].as_str().unwrap().contains("of another major"), "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_dry_run_says_time_and_space_and_fetches_nothing() {
    let world = below(MAJOR);
    let answer = world.run(&["upgrade", "--to", "2", "--dry-run", "--json"]).expect(0).json();
    assert_eq!(answer["major"]["version"], "2.0.0", "{answer:#}");
    assert_eq!(world.run(&["status", "--json"]).json()["versions"], json!(["1.0.0"]));
    let shown = world.run(&["upgrade", "--to", "2", "--dry-run"]).expect(0).stdout;
    assert!(shown.contains("2.0.0 makes the database anew"), "{shown}");
}
