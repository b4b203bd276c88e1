//! `--events`: what happens, for other programs, while it happens. One JSON object a line.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::exit::Outcome;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::fs::PathError;
use crate::sys::lines::Lines;

/// The events of one command. Every object has `event`, `step` (null outside of steps) and `at`; further keys are:
///
/// * `begin`: none.
/// * `progress`: `done`, `total` and `unit` (`bytes` or `rows`), ten times a second at most.
/// * `end`: `ms`.
/// * `back`: `why`, where a run cannot go on and undoes itself.
/// * `outcome`: `command`, `outcome` and `code`, always last.
pub struct Events {
    lines: Lines,
    step: Cell<Option<&'static str>>,
    said: Cell<Option<Stopwatch>>,
}

/// What is told no oftener than this.
const PACE: Duration = Duration::from_millis(100);

impl Events {
    /// Begins to tell events to a file; `-` is standard error.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        Ok(Self { lines: Lines::open(path)?, step: Cell::new(None), said: Cell::new(None) })
    }

    /// A step begins.
    pub fn begins(&self, step: &'static str) {
        self.step.set(Some(step));
        self.said.set(None);
        self.tell("begin", json!({}));
    }

    /// A step is done.
    pub fn ends(&self, step: &'static str, ms: u64) {
        self.step.set(Some(step));
        self.tell("end", json!({ "ms": ms }));
        self.step.set(None);
    }

    /// Something long goes on.
    pub fn progress(&self, done: u64, total: u64, unit: &'static str) {
        if done < total && self.said.get().is_some_and(|said| said.elapsed() < PACE) {
            return;
        }
        self.said.set(Some(Stopwatch::start()));
        self.tell("progress", json!({ "done": done, "total": total, "unit": unit }));
    }

    /// A run cannot go on.
    pub fn goes_back(&self, why: &str) {
        self.tell("back", json!({ "why": why }));
    }

    /// The command ended.
    pub fn outcome(&self, command: &str, outcome: Outcome) {
        self.step.set(None);
        self.tell("outcome", json!({ "command": command, "outcome": outcome, "code": outcome.code() }));
    }

    fn tell(&self, event: &str, more: Value) {
        let mut object = Map::new();
        object.insert("event".to_owned(), event.into());
        object.insert("step".to_owned(), self.step.get().into());
        object.insert("at".to_owned(), clock::now().to_string().into());
        if let Value::Object(more) = more {
            object.extend(more);
        }
        self.lines.write(&Value::Object(object).to_string());
    }
}
