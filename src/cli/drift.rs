//! Drift in the answers of `status` and `verify`: what differs, line by line.

use serde_json::{Value, json};

use super::session::Session;
use crate::causes;
use crate::migration::{Difference, Drift, DriftKind};
use crate::observe::WHOLE;
use crate::plan::observed::{Content, Observed};
use crate::plan::verdict::drift_words;
use crate::run::drift::differences;

/// What drifted, and how.
pub struct Explained {
    drift: Vec<Drift>,
    differences: Vec<Difference>,
    /// Why the differences cannot be shown.
    pub warning: Option<String>,
}

impl Explained {
    /// Looks for what differs, if anything drifted.
    pub fn of(seen: &Observed, session: &Session<'_>) -> Self {
        let drift = match &seen.database.content {
            Content::Readable(readable) => readable.drift.clone(),
            _ => Vec::new(),
        };
        let (differences, warning) = match differences(&session.config, seen) {
            Ok(differences) => (differences, None),
            Err(error) => (Vec::new(), Some(format!("what differs cannot be shown: {}", causes::in_one_line(&error)))),
        };
        Self { drift, differences, warning }
    }

    /// The key `drift` in `--json`.
    pub fn json(&self) -> Value {
        let one = |drift: &Drift| {
            let differences: Vec<_> = self.of_object(drift).map(Difference::as_drift).collect();
            json!({
                "kind": drift.kind, "object": drift.object, "severity": drift.severity, "differences": differences,
            })
        };
        self.drift.iter().map(one).collect()
    }

    /// The same for people, a line each.
    pub fn lines(&self, indent: &str) -> String {
        let schema = self.differences.iter().map(Difference::as_drift);
        // What no difference of the schema tells: that a migration was left out.
        let other = self.drift.iter().filter(|drift| drift.kind == DriftKind::Unapplied);
        let lines = schema.chain(other.map(|drift| drift_words(std::slice::from_ref(drift))));
        lines.map(|line| format!("{indent}{line}\n")).collect()
    }

    fn of_object<'a>(&'a self, drift: &'a Drift) -> impl Iterator<Item = &'a Difference> {
        let own = |difference: &Difference| difference.object.to_ascii_lowercase() == drift.object;
        self.differences.iter().filter(move |difference| drift.object == WHOLE || own(difference))
    }
}
