//! Between a kill and its recovery: nobody starts what must not start, and everybody is told.

use gantry_installer::journal::{Event, Journal};
use gantry_installer::plan::Step;
use serde_json::Value;

use crate::world::World;

/// What a kill left, as far as the end must fit it.
pub struct Seen {
    /// The run that is unfinished.
    pub unfinished: Option<String>,
    /// Whether its new service may have written.
    pub started: bool,
    /// The backups that were listed.
    pub backups: Vec<String>,
}

pub fn check(world: &World, context: &str) -> Seen {
    let status = world.run(&["status", "--json"]);
    assert_eq!(status.code, 0, "{context}: {status:#?}");
    let status = status.json();
    let unfinished = status["unfinished"].as_str().map(str::to_owned);
    let run = unfinished.as_deref().map(|name| Run::read(name, world));
    gate(run.as_ref(), world, context);
    if unfinished.is_some() {
        let refused = world.run(&["backup", "prune", "--json"]);
        assert_eq!((refused.code, &refused.json()["outcome"]), (6, &"unfinished".into()), "{context}: {refused:#?}");
    }
    Seen { unfinished, started: run.is_some_and(|run| run.began("start")), backups: identities(&status["backups"]) }
}

/// While the service is down for a run nothing starts. Before the run stopped it, a restart by its manager is harmless.
fn gate(run: Option<&Run>, world: &World, context: &str) {
    let up = world.answers();
    let gate = world.run(&["gate", "--", "true"]);
    match (run, &up) {
        (Some(run), _) if !run.began("stop") => assert_eq!(gate.code, open(world), "{context}: {gate:#?}"),
        (Some(_), None) => assert_eq!(gate.code, 78, "{context}: {gate:#?}"),
        // About to stop it, or just committed: the records may be on either side.
        (Some(_), Some(_)) => assert!([0, 78].contains(&gate.code), "{context}: {gate:#?}"),
        (None, _) => assert_eq!(gate.code, open(world), "{context}: {gate:#?}"),
    }
    if gate.code == 0 {
        assert_eq!(up, world.current(), "{context}");
    }
}

/// Nothing was ever installed where nothing is.
fn open(world: &World) -> i32 {
    if world.current().is_some() { 0 } else { 78 }
}

/// The plan of a run and its journal.
struct Run {
    steps: Vec<Step>,
    begun: Vec<usize>,
}

impl Run {
    fn read(name: &str, world: &World) -> Self {
        let directory = world.path("state/runs").join(name);
        let plan: gantry_installer::plan::Plan =
            serde_json::from_slice(&std::fs::read(directory.join("plan.json")).unwrap()).unwrap();
        let entries = Journal::read(&directory.join("journal")).unwrap();
        let begun = entries.iter().filter_map(|entry| match entry.event {
            Event::Intend { step } => Some(step),
            _ => None,
        });
        Self { steps: plan.steps, begun: begun.collect() }
    }

    fn began(&self, name: &str) -> bool {
        self.begun.iter().any(|step| self.steps[*step].name() == name)
    }
}

pub fn identities(backups: &Value) -> Vec<String> {
    backups.as_array().unwrap().iter().map(|backup| backup["id"].as_str().unwrap().to_owned()).collect()
}
