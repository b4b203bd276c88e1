//! `--events`: what happens, told to other programs while it happens.

use serde_json::{Value, json};

use crate::world::{NEW, OLD, Release, World};

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON object: {line}"))).collect()
}

/// The steps that began, each of which must have ended before the next one.
fn steps(events: &[Value]) -> Vec<&str> {
    let mut begun = Vec::new();
    for event in events {
        let step = event["step"].as_str();
        match event["event"].as_str().unwrap() {
            "begin" => begun.push(step.unwrap()),
            "end" => assert_eq!(step, begun.last().copied()),
            _ => {}
        }
    }
    begun
}

#[test]
fn every_step_of_an_upgrade_is_told_to_a_file_and_the_outcome_is_last() {
    let world = World::installed(&[OLD, NEW]);
    let file = world.path("events");
    world.run(&["upgrade", "--yes", "--events", file.to_str().unwrap()]).expect(0);
    let events = events(&std::fs::read_to_string(&file).unwrap());
    assert_eq!(
        steps(&events),
        [
            "resolve", "observe", "fetch", "copy", "rehearse", "stop", "catch-up", "migrate", "exchange", "switch",
            "start", "prove", "commit", "tidy"
        ]
    );
    let progress = events.iter().find(|event| event["event"] == "progress").unwrap();
    assert_eq!((&progress["step"], &progress["unit"]), (&json!("fetch"), &json!("bytes")));
    let mut last = events.last().unwrap().clone();
    assert!(last["at"].take().as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    let expected =
        json!({ "event": "outcome", "step": null, "at": null, "command": "upgrade", "outcome": "done", "code": 0 });
    assert_eq!(last, expected);
}

#[test]
fn standard_error_has_events_and_no_other_words() {
    const BROKEN: Release = Release::new("1.1.0", 2, &[1, 2]).mode("never-healthy\ndies-after 1");
    let world = World::installed(&[OLD, BROKEN]);
    let answer = world.run(&["upgrade", "--yes", "--json", "--events", "-"]).expect(4);
    let events = events(&answer.stderr);
    let back = events.iter().find(|event| event["event"] == "back").unwrap();
    assert_eq!(back["step"], "prove");
    assert!(back["why"].as_str().is_some_and(|why| !why.is_empty()));
    assert_eq!(events.last().unwrap()["code"], 4);
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_anything_is_done() {
    let world = World::installed(&[OLD, NEW]);
    let answer = world.run(&["upgrade", "--yes", "--json", "--events", "/nowhere/events"]).expect(1).json();
    assert_eq!(answer["error"]["code"], "events");
    world.stands_at("1.0.0", 1);
}
