//! A service that misbehaves: whatever it does, the machine stands at all of the OLD or all of the NEW.

mod back;
mod database;
mod journal_mode;
mod manager;
mod migration;
mod passage;
mod script;
mod start;
mod stop;
mod systemd;
mod writes;

use serde_json::Value;

use crate::tally::{self, End};
use crate::world::{Answer, World};

/// As a fault of the table.
const MISBEHAVES: &str = "service misbehaves";

/// What follows a failure after the stop: OLD runs and has its rows, the downtime is told, 1.1.0 is held.
#[track_caller]
fn undone(world: &World, answer: Answer) -> Value {
    let answer = restored(world, answer);
    held(world);
    answer
}

/// The upgrade came to its end all the same.
#[track_caller]
fn succeeded(world: &World) {
    world.stands_at("1.1.0", 2);
    tally::point("upgrade", MISBEHAVES, End::New);
}

/// The same without a judgement on the release.
#[track_caller]
fn restored(world: &World, answer: Answer) -> Value {
    let answer = answer.expect(4).json();
    assert_eq!(answer["outcome"], "restored");
    assert_eq!(answer["to"]["version"], "1.0.0");
    assert!(answer["downtime_ms"].is_u64(), "{answer:#}");
    assert!(!answer["error"]["remedy"].as_str().unwrap().is_empty(), "{answer:#}");
    world.stands_at("1.0.0", 1);
    tally::point("upgrade", MISBEHAVES, End::Old);
    answer
}

/// The release that failed is named by `status`, and not taken again unless that is asked for (FM-27).
#[track_caller]
fn held(world: &World) {
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held"][0]["version"], "1.1.0", "{status:#}");
    assert_eq!(status["held"][0]["cause"], "failed");
    let again = world.run(&["upgrade", "--to", "1.1.0", "--yes", "--json"]).expect(3).json();
    assert_eq!(again["refusals"][0]["code"], "held");
    assert!(again["refusals"][0]["remedy"].as_str().unwrap().contains("--retry"));
    world.stands_at("1.0.0", 1);
}

/// Why it failed, with all causes.
fn reason(answer: &Value) -> String {
    let causes = answer["error"]["causes"].as_array().unwrap().iter().filter_map(Value::as_str);
    let message = answer["error"]["message"].as_str();
    message.into_iter().chain(causes).collect::<Vec<_>>().join("\n")
}
