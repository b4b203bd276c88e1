//! What an interrupted run still needs: a pure function of its plan and its journal.

use crate::journal::{Ended, Entry, Event};
use crate::plan::Plan;

/// How often a recovery may be tried before a person is asked.
pub const TRIES: usize = 3;

/// What is still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// Nothing: the run has ended.
    Nothing(Ended),
    /// Take these steps back, in this order: each was begun, and is not known to have been taken back.
    Back(Vec<usize>),
    /// Perform these steps, in this order: the run is committed, and they are not known to be done.
    Forward(Vec<usize>),
}

/// Reads the journal of a run against its plan.
///
/// The commit's intent is the turning point: once it is durable the run is NEW, whether or not its records were written.
pub fn remaining(plan: &Plan, entries: &[Entry]) -> Remaining {
    let closed = entries.iter().find_map(|entry| match entry.event {
        Event::Closed { outcome } => Some(outcome),
        _ => None,
    });
    if let Some(outcome) = closed {
        return Remaining::Nothing(outcome);
    }
    let is =
        |wanted: &dyn Fn(&Event) -> Option<usize>, step| entries.iter().any(|entry| wanted(&entry.event) == Some(step));
    let intended = |step| is(&|event| if let Event::Intend { step } = event { Some(*step) } else { None }, step);
    let done = |step| is(&|event| if let Event::Done { step, .. } = event { Some(*step) } else { None }, step);
    let undone = |step| is(&|event| if let Event::Undone { step } = event { Some(*step) } else { None }, step);
    let steps = 0..plan.steps.len();
    // A run that noted a failure was going back, whatever a failed write left of its commit.
    let failed = entries.iter().any(|entry| matches!(entry.event, Event::Failed { .. }));
    match plan.commit() {
        Some(commit) if intended(commit) && !failed => {
            Remaining::Forward(steps.skip(commit).filter(|step| !done(*step)).collect())
        }
        _ => Remaining::Back(steps.rev().filter(|step| intended(*step) && !undone(*step)).collect()),
    }
}

/// Whether recovery was tried so often without an end that it must not be tried again by itself.
pub fn is_given_up(entries: &[Entry]) -> bool {
    entries.iter().filter(|entry| entry.event == Event::Recover).count() >= TRIES
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::plan::{Operation, Point, Step};

    fn plan() -> Plan {
        Plan {
            run: "000001-upgrade".into(),
            operation: Operation::Upgrade,
            from: Point::default(),
            to: Point::default(),
            strategy: None,
            database: "/db".into(),
            triggers: Vec::new(),
            was_running: true,
            restart_ms: None,
            max_downtime_ms: None,
            probation_ms: None,
            agreed: None,
            steps: vec![
                Step::Stop,
                Step::CatchUp,
                Step::Exchange { replaces: true },
                Step::Switch { from: None, to: "1.5.0".parse().unwrap() },
                Step::Start,
                Step::Prove,
                Step::Commit,
                Step::Tidy,
            ],
        }
    }

    fn written(events: Vec<Event>) -> Vec<Entry> {
        events.into_iter().map(|event| Entry { at: Timestamp::UNIX_EPOCH, event }).collect()
    }

    /// All that a run writes, forward to its end.
    fn whole() -> Vec<Event> {
        let steps = plan().steps.len();
        let pairs = (0..steps).flat_map(|step| [Event::Intend { step }, Event::Done { step, ms: 1 }]);
        pairs.chain([Event::Closed { outcome: Ended::New }]).collect()
    }

    #[test]
    fn before_the_commit_all_that_was_begun_is_taken_back_last_first() {
        let entries = written(whole().into_iter().take(7).collect());
        assert_eq!(remaining(&plan(), &entries), Remaining::Back(vec![3, 2, 1, 0]));
    }

    #[test]
    fn from_the_commits_intent_on_the_run_goes_forward() {
        let entries = written(whole().into_iter().take(13).collect());
        assert_eq!(remaining(&plan(), &entries), Remaining::Forward(vec![6, 7]));
    }

    proptest! {
        #[test]
        fn a_run_killed_anywhere_is_wholly_behind_or_wholly_before_its_commit(cut in 0usize..18) {
            let entries = written(whole().into_iter().take(cut).collect());
            match remaining(&plan(), &entries) {
                Remaining::Back(steps) => {
                    prop_assert!(cut <= 12);
                    prop_assert!(steps.is_sorted_by(|one, next| one > next));
                    prop_assert_eq!(steps.len(), cut.div_ceil(2));
                }
                Remaining::Forward(steps) => {
                    prop_assert!(cut > 12 && steps.iter().all(|step| *step >= 6));
                }
                Remaining::Nothing(outcome) => prop_assert!(cut == 17 && outcome == Ended::New),
            }
        }

        #[test]
        fn a_recovery_killed_anywhere_goes_on_where_it_stopped(begun in 1usize..12, undone in 0usize..6) {
            let mut events: Vec<Event> = whole().into_iter().take(begun).collect();
            let Remaining::Back(steps) = remaining(&plan(), &written(events.clone())) else { unreachable!() };
            events.push(Event::Recover);
            for step in steps.iter().take(undone) {
                events.extend([Event::Undo { step: *step }, Event::Undone { step: *step }]);
            }
            let left = steps[undone.min(steps.len())..].to_vec();
            prop_assert_eq!(remaining(&plan(), &written(events)), Remaining::Back(left));
        }
    }
}
