//! The keys that the answer to a command has in `--json` whatever happens, and what they are where there is nothing to
//! say.

use serde_json::{Map, Value};

/// What the commands answer that may make a run, each null where nothing ran, and these lists empty.
const RUN: [&str; 12] = [
    "run",
    "from",
    "to",
    "strategy",
    "hops",
    "downtime_ms",
    "predicted_downtime_ms",
    "steps",
    "backup",
    "receipt",
    "import",
    "loss",
];

/// Keys that are lists.
const LISTS: [&str; 10] =
    ["hops", "kept", "steps", "strategies", "backups", "removed", "findings", "migrations", "pages", "drift"];

/// Adds the keys of `command` that `body` does not have.
pub fn complete(command: &str, body: &mut Map<String, Value>) {
    let more: &[&str] = match command {
        "rollback" | "backup restore" => &["strategies"],
        "backup create" => &["backup", "backups", "removed"],
        "backup list" | "backup verify" => &["backups"],
        "backup prune" => &["removed", "kept"],
        "completions" => &["script"],
        "man" => &["pages"],
        "export" => &["export"],
        "import" => &["import"],
        "manifest check" | "migrate lint" => &["findings"],
        "migrate status" | "migrate test" => &["migrations"],
        "gate" => &["verdict", "drift"],
        "confirm" => &["probation"],
        _ => &[],
    };
    let runs = matches!(command, "install" | "upgrade" | "rollback" | "recover" | "hook" | "backup restore");
    let run: &[&str] = if runs { &RUN } else { &[] };
    for key in run.iter().chain(more) {
        let empty = if LISTS.contains(key) { Value::Array(Vec::new()) } else { Value::Null };
        body.entry(*key).or_insert(empty);
    }
}
