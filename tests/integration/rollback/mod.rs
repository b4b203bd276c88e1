//! Ways back, each with rows that were written after the upgrade.

mod agreement;
mod backup;
mod final_loss;
mod strategy;
mod target;

use serde_json::Value;

use crate::world::{Answer, NEW, Release, World};

/// Its schema is not read by the older release, so that the database has to go back as well.
pub const ONLY: Release = Release::new("1.0.0", 1, &[1]);

/// Upgraded from `old` to 1.1.0, and then: two rows more, one of which says a mood; one row changed and one deleted.
pub fn upgraded(old: Release) -> World {
    let world = World::installed(&[old, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    write_on(&world);
    world
}

pub fn write_on(world: &World) {
    world.execute(
        "INSERT INTO notes (text, mood) VALUES ('four', 'glad'), ('five', NULL);
         UPDATE notes SET text = 'two!' WHERE text = 'two';
         DELETE FROM notes WHERE text = 'three';",
    );
}

/// The strategies of a dry run, as `name: possible`, and that nothing was left behind by it.
#[track_caller]
pub fn dry_run(world: &World) -> Vec<Value> {
    let answer = world.run(&["rollback", "--dry-run", "--json"]).expect(0).json();
    let left = std::fs::read_dir(world.path("data/.gantry-installer-notes")).unwrap().count();
    assert_eq!(left, 1, "only the owner's mark");
    answer["strategies"].as_array().unwrap().clone()
}

pub fn named<'a>(strategies: &'a [Value], name: &str) -> &'a Value {
    strategies.iter().find(|strategy| strategy["name"] == name).unwrap()
}

/// Asserts where the machine stands after a rollback, and what its service says.
#[track_caller]
pub fn stands(world: &World, version: &str, schema: i64, rows: i64) {
    assert_eq!((world.current().as_deref(), world.schema()), (Some(version), schema));
    assert_eq!(world.answers().as_deref(), Some(version));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), rows);
    assert_eq!(world.query::<String>("PRAGMA integrity_check"), "ok");
}

#[track_caller]
pub fn refusal(answer: Answer) -> (String, String) {
    let answer = answer.expect(3).json();
    let first = &answer["refusals"][0];
    assert!(!first["remedy"].as_str().unwrap().is_empty(), "{answer:#}");
    (first["code"].as_str().unwrap().to_owned(), first["message"].as_str().unwrap().to_owned())
}
