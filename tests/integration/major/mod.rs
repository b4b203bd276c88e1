//! To another major, whose database is made anew, and back.

mod additions;
mod counted;
mod downtime;
mod gantry;
mod offered;
mod pipeline;
mod way_back;

use serde_json::Value;

use crate::world::{Answer, MAJOR, OLD, Release, World};

const CROSS: &[&str] = &["upgrade", "--to", "2", "--yes", "--json"];

/// Release 1.0.0 with its three rows, and the major above it.
fn below(major: Release) -> World {
    World::installed(&[OLD, major])
}

/// Release 2.0.0 after the import, with one row more.
fn above() -> World {
    let world = below(MAJOR);
    cross(&world).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('four')");
    world
}

fn cross(world: &World) -> Answer {
    world.run(CROSS)
}

/// The record of the newest run that has this ending.
fn record(world: &World, name: &str) -> Value {
    let runs = std::fs::read_dir(world.path("state/runs")).unwrap().map(|entry| entry.unwrap().path().join(name));
    let newest = runs.filter(|file| file.exists()).max().unwrap();
    serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap()
}
