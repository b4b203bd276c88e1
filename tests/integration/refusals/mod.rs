//! Bad input: what the answer says, and that nothing is lost.

mod adopt;
mod archives;
pub mod databases;
mod disks;
mod held;
mod locks;
mod offers;
mod offline;
mod releases;
mod resume;
mod settings;
mod stand;
mod state;
mod trust;
mod work;
pub mod words;

use serde_json::Value;

use crate::world::{Answer, World};
use stand::Stand;

/// Runs a command that must be refused with a reason of this code whose words hold `words`, and must change nothing.
#[track_caller]
fn refused(world: &World, arguments: &[&str], code: &str, words: &[&str]) -> Value {
    let before = Stand::of(world);
    let answer = world.run(&[arguments, &["--json"]].concat()).expect(3);
    let object = shaped(&answer);
    assert_eq!(object["outcome"], "refused", "{answer:#?}");
    let reasons = object["refusals"].as_array().unwrap();
    let reason = reasons.iter().find(|reason| reason["code"] == code);
    let reason = reason.unwrap_or_else(|| panic!("no reason `{code}` in {answer:#?}"));
    let said = format!("{} / {}", reason["message"].as_str().unwrap(), reason["remedy"].as_str().unwrap());
    let said = world.plain(&said);
    words.iter().for_each(|word| assert!(said.contains(word), "no `{word}` in {said}"));
    assert_eq!(Stand::of(world), before);
    object
}

/// The same for a command that must fail before anything was changed.
#[track_caller]
fn failed(world: &World, arguments: &[&str], code: &str, words: &[&str]) -> Value {
    let before = Stand::of(world);
    let answer = world.run(&[arguments, &["--json"]].concat()).expect(1);
    let object = shaped(&answer);
    assert_eq!(object["outcome"], "failed", "{answer:#?}");
    assert_eq!(object["error"]["code"], code, "{answer:#?}");
    let said = world.plain(&object["error"].to_string().replace("\\\"", "\""));
    words.iter().for_each(|word| assert!(said.contains(word), "no `{word}` in {said}"));
    assert_eq!(Stand::of(world), before);
    object
}

/// The one object on standard output, with the keys that are always there and a way out for everything that is wrong.
#[track_caller]
fn shaped(answer: &Answer) -> Value {
    let object = answer.json();
    for key in ["command", "outcome", "error", "refusals", "warnings"] {
        assert!(object.get(key).is_some(), "no key `{key}` in {answer:#?}");
    }
    assert!(object["warnings"].is_array());
    let error = Some(&object["error"]).filter(|error| !error.is_null());
    for wrong in object["refusals"].as_array().unwrap().iter().chain(error) {
        for key in ["code", "message", "remedy"] {
            assert!(!wrong[key].as_str().unwrap().is_empty(), "no {key} in {answer:#?}");
        }
    }
    if let Some(error) = error {
        assert!(error["causes"].is_array());
    }
    // Stamping a version is a lie that costs data later.
    assert!(!answer.stdout.contains("force"), "{answer:#?}");
    object
}

/// Leaves a run that was interrupted after its plan: `000009-upgrade-1.1.0`.
fn leave_unfinished(world: &World) {
    let runs = world.path("state/runs");
    let first = std::fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let run = runs.join("000009-upgrade-1.1.0");
    std::fs::create_dir(&run).unwrap();
    std::fs::copy(first.join("plan.json"), run.join("plan.json")).unwrap();
}
