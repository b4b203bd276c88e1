//! Between a kill and its recovery: nobody starts what must not start, and everybody is told.

use crate::world::World;
use std::path::Path;

use gantry_installer::journal::{Event, Journal};
use gantry_installer::plan::{Plan, Step};

/// What a kill left, as far as the end must fit it.
pub struct Seen {
    /// Whether its new service may have written.
    pub started: bool,
}

/// `past` is the run that was the last one before.
pub fn check(world: &World, past: Option<&str>, context: &str) -> Seen {
    let status = world.run(&["status", "--json"]);
    assert_eq!(status.code, 0, "{context}: {status:#?}");
    let status = status.json();
    let unfinished = status["unfinished"].as_str().map(str::to_owned);
    let run = Run::last(world).filter(|run| Some(run.name.as_str()) != past);
    gate(run.as_ref().filter(|_| unfinished.is_some()), world, context);
    if unfinished.is_some() {
        let refused = world.run(&["backup", "prune", "--json"]);
        assert_eq!((refused.code, &refused.json()["outcome"]), (6, &"unfinished".into()), "{context}: {refused:#?}");
    }
    Seen { started: run.is_some_and(|run| run.began("start")) }
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

/// Nothing was ever installed where nothing is, and a ledger that says that a migration broke off keeps it closed.
fn open(world: &World) -> i32 {
    if world.current().is_some() && !is_dirty(world) { 0 } else { 78 }
}

fn is_dirty(world: &World) -> bool {
    let ledger = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'";
    world.query::<i64>(ledger) == 1 && world.query::<i64>("SELECT coalesce(max(dirty), 0) FROM schema_migrations") == 1
}

/// The plan of a run and its journal.
pub struct Run {
    pub name: String,
    steps: Vec<Step>,
    pub events: Vec<Event>,
}

impl Run {
    fn read(directory: &Path) -> Self {
        let plan: Plan = serde_json::from_slice(&std::fs::read(directory.join("plan.json")).unwrap()).unwrap();
        let entries = Journal::read(&directory.join("journal")).unwrap();
        Self { name: plan.run, steps: plan.steps, events: entries.into_iter().map(|entry| entry.event).collect() }
    }

    /// The newest, if there is one.
    pub fn last(world: &World) -> Option<Self> {
        let runs = std::fs::read_dir(world.path("state/runs")).ok()?.map(|entry| entry.unwrap().path());
        runs.filter(|run| run.join("plan.json").exists()).max().map(|run| Self::read(&run))
    }

    pub fn step(&self, number: usize) -> &str {
        self.steps[number].name()
    }

    pub fn began(&self, name: &str) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Intend { step } if self.step(*step) == name))
    }
}
