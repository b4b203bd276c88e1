//! What stands in the way of a change of release right now: a command that would be refused is not offered.

use crate::manifest::Release;
use crate::plan::gates::{check_database, check_machine, needs};
use crate::plan::observed::{Held, Observed};
use crate::plan::probation::Probation;

/// What a change of release needs first, in words that go on after "once"; none where nothing is in its way.
pub fn obstacle(seen: &Observed, unfinished: Option<&str>, watched: Option<&Probation>) -> Option<String> {
    if let Some(run) = unfinished {
        return Some(format!("once the run {run} has ended"));
    }
    seen.installed.as_ref()?;
    let found = check_database(seen);
    let bytes = found.as_ref().map_or(0, |readable| readable.bytes);
    let refusal = found.err().or_else(|| check_machine(seen, &needs(seen, bytes, &[])).into_iter().next());
    if let Some(refusal) = refusal {
        return Some(format!("but not now: {}", refusal.message));
    }
    watched.map(|_| "once the probation has ended".to_owned())
}

/// A stop on the way that is only taken by who asks for it: the releases of `way` but the last.
pub fn held_stop<'s>(way: &[&Release], seen: &'s Observed) -> Option<&'s Held> {
    let (_, stops) = way.split_last()?;
    stops.iter().find_map(|release| seen.held.iter().find(|held| held.holds(release)))
}
