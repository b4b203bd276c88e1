//! What the loss ledgers of runs name together, for whoever compares it with what was acknowledged.

use serde_json::{Value, json};

/// The rows of `buckets` and `objects` that the loss ledgers of runs name, summed up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Losses {
    buckets: Named,
    objects: Named,
    runs: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    inserted: u64,
    changed: u64,
    deleted: u64,
}

impl Losses {
    /// Adds what the report of a run names, the first time that it is seen.
    pub fn add_once(&mut self, report: &Value) {
        let run = report["run"].as_str().unwrap().to_owned();
        if !self.runs.contains(&run) {
            self.runs.push(run);
            self.add(report);
        }
    }

    /// Adds what the report of a run names.
    pub fn add(&mut self, report: &Value) {
        for table in report["loss"]["tables"].as_array().into_iter().flatten() {
            let sum = match table["name"].as_str() {
                Some("objects") => &mut self.objects,
                Some("buckets") => &mut self.buckets,
                _ => continue,
            };
            sum.inserted += table["inserted"].as_u64().unwrap();
            sum.changed += table["changed"].as_u64().unwrap();
            sum.deleted += table["deleted"].as_u64().unwrap();
        }
    }

    pub(super) fn report(&self) -> Value {
        let table = |name: &str, Named { inserted, changed, deleted }: &Named| json!({ "name": name, "inserted": inserted, "changed": changed, "deleted": deleted });
        json!({ "tables": [table("buckets", &self.buckets), table("objects", &self.objects)] })
    }
}
