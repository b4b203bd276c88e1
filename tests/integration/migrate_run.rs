//! `migrate` with a configuration: a run like any other, under the installed release.

use serde_json::json;

use crate::world::{NEW, OLD, Release, World};

fn upgraded() -> World {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world
}

#[test]
fn down_and_up_are_runs_that_keep_the_release_and_prove_it_healthy() {
    let world = upgraded();
    let answer = world.run(&["migrate", "down", "1", "--yes", "--json"]).expect(0).json();
    assert_eq!((&answer["from"]["schema"], &answer["to"]["schema"]), (&json!(2), &json!(1)));
    assert_eq!(answer["to"]["version"], "1.1.0");
    assert!(answer["downtime_ms"].is_u64(), "{answer:#}");
    world.stands_at("1.1.0", 1);
    let backup = answer["backup"].as_str().unwrap();
    world.run(&["backup", "verify", backup]).expect(0);
    world.run(&["migrate", "up", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    let again = world.run(&["migrate", "up", "--yes", "--json"]).expect(0).json();
    assert_eq!(again["outcome"], "nothing");
}

#[test]
fn going_down_with_values_in_a_column_that_goes_is_not_agreed_to_by_yes() {
    let world = upgraded();
    world.execute("UPDATE notes SET mood = 'glad'");
    let answer = world.run(&["migrate", "goto", "1", "--yes", "--json"]).expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "loss");
    assert_eq!(answer["loss"]["tables"][0]["columns"][0], json!({ "name": "mood", "values": 3 }));
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_schema_that_the_installed_release_does_not_read_is_refused() {
    let world = World::installed(&[OLD, Release::new("1.1.0", 2, &[2])]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let answer = world.run(&["migrate", "down", "1", "--yes", "--json"]).expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "schema-unread");
    assert!(answer["refusals"][0]["message"].as_str().unwrap().contains("it reads 2"), "{answer:#}");
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_service_that_does_not_come_up_on_the_other_schema_undoes_it() {
    let world = upgraded();
    world.misbehave("1.1.0", "never-healthy\ndies-after 1");
    // The old process of the same release is healthy still, and the next start is not: nor would that of an undo be.
    world.run(&["migrate", "down", "1", "--yes", "--json"]).expect(5);
    assert_eq!(world.schema(), 2, "the database is back all the same");
    world.misbehave("1.1.0", "");
    let answer = world.run(&["recover", "--json"]).expect(0).json();
    assert_eq!(answer["outcome"], "restored");
    world.stands_at("1.1.0", 2);
}

#[test]
fn status_lists_every_migration_and_whether_it_is_applied() {
    let world = World::installed(&[OLD]);
    let answer = world.run(&["migrate", "status", "--json"]).expect(0).json();
    let first = &answer["migrations"][0];
    assert_eq!((&first["version"], &first["applied"], &first["has_down"]), (&json!(1), &json!(true), &json!(true)));
    assert_eq!(answer["migrations"].as_array().unwrap().len(), 1);
}

#[test]
fn a_format_beside_a_configuration_is_refused() {
    let world = World::installed(&[OLD]);
    for format in ["nonsense", "goose", "golang-migrate"] {
        let answer = world.run(&["migrate", "status", "--format", format, "--json"]).expect(2).json();
        assert!(answer["error"]["message"].as_str().unwrap().contains("`--format` belongs to `--dir`"), "{answer:#}");
    }
    world.run(&["migrate", "status"]).expect(0);
}
