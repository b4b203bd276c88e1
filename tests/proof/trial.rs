//! One fault at one point, and what becomes of it.

use std::fmt::Display;

use crate::fault::Fault;
use crate::fingerprint::fingerprint;
use crate::operation::Ends;
use crate::stage::Saved;
use crate::sweep::Sweep;
use crate::tracer::{At, End, Kind, Lie, Point, Trace, Tracer};
use crate::verdict::Verdict;

/// What was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub fault: Fault,
    pub point: u64,
    /// The point of the recovery.
    pub second: Option<u64>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// The run in which it was tried.
    pub trace: Trace,
}

impl Sweep<'_> {
    /// Tries it.
    pub fn attempt(&self, trial: &Trial, lies: &[Lie]) -> Outcome {
        let trace = self.strike(trial.point, trial.fault.kind(), lies);
        Outcome { verdict: self.judge(trial, &trace, lies), trace }
    }

    /// What stands there after it was struck.
    pub fn judge(&self, trial: &Trial, trace: &Trace, lies: &[Lie]) -> Verdict {
        match (trial.fault, trial.second) {
            _ if trace.fired.is_none() => Verdict::Bad(format!("the harness: nothing fired in {trace:#?}")),
            (Fault::Kill, _) => self.after_kill(),
            (Fault::KillTwice | Fault::KillThenError, _) => {
                self.after_break(&self.break_recovery(trial, &self.stage.save(), lies))
            }
            (Fault::Errno(_) | Fault::Short | Fault::Signal(_), _) => self.after_error(trace),
        }
    }

    /// Between the kill and the recovery the gate lets nothing start but what fits.
    pub fn after_kill(&self) -> Verdict {
        let gate = self.stage.world.run(&["gate", "--json"]);
        if gate.json()["verdict"] == "ready"
            && let Verdict::Bad(words) = self.expected.judge_pair(&self.stage)
        {
            return Verdict::Bad(format!("the gate is open for {words}"));
        }
        self.recover()
    }

    /// From a state that a kill left: a recovery in which something goes wrong as well.
    pub fn break_recovery(&self, trial: &Trial, broken: &Saved, lies: &[Lie]) -> Trace {
        self.stage.put_back(broken);
        let world = self.stage.world.path("");
        let tracer = Tracer::of(&world).lies(lies);
        let tracer = match (trial.second, trial.fault.second()) {
            (Some(second), Some(kind)) => tracer.fault(second, kind),
            _ => tracer,
        };
        tracer.run(&self.stage.command(&["recover"]))
    }

    /// From a state that a kill left: a whole recovery, and what a kill before each of its calls leaves, if `is_new` says so
    /// of the state's fingerprint.
    pub fn look_into_recovery(
        &self,
        broken: &Saved,
        is_new: impl Fn(u64) -> bool + Sync,
    ) -> (Trace, Vec<(Point, Saved)>) {
        self.stage.put_back(broken);
        let mut left = Vec::new();
        let world = self.stage.world.path("");
        let trace = Tracer::of(&world).fault_at(At::Every, Kind::Look).run_to_stop(
            &self.stage.command(&["recover"]),
            |point| {
                if is_new(fingerprint(&self.stage)) {
                    left.push((point.clone(), self.stage.save()));
                }
            },
        );
        (trace, left)
    }

    /// What stands there after another recovery.
    pub fn after_break(&self, trace: &Trace) -> Verdict {
        match trace.fired {
            Some(_) => self.after_kill(),
            None => Verdict::Bad(format!("the harness: nothing fired in {trace:#?}")),
        }
    }

    /// An error is answered by the command itself: what stands there must fit what it said, before any recovery.
    fn after_error(&self, trace: &Trace) -> Verdict {
        let bad = |words: &dyn Display| Verdict::Bad(format!("{words}, after {:?}: {}", trace.end, trace.stderr));
        // Nobody listens to signals at the very beginning.
        if matches!(trace.end, End::Killed(_)) {
            return self.after_kill();
        }
        // What fails by itself was going back already: a second failure may keep it from it.
        if trace.end == End::Exited(5) && self.expected.ends == Ends::Old {
            return self.after_kill();
        }
        let End::Exited(code @ (0 | 1 | 3 | 4)) = trace.end else { return bad(&"it must not end so") };
        let pair = self.expected.judge_pair(&self.stage);
        match (&pair, code) {
            (Verdict::Bad(words), _) => return bad(words),
            (Verdict::Old, 0) if self.expected.moves() => return bad(&"it says done, and stands at OLD"),
            (Verdict::New, 1 | 3 | 4) if self.expected.moves() => return bad(&"it says failed, and stands at NEW"),
            _ => {}
        }
        match (self.recover(), code) {
            (Verdict::Bad(words), _) => bad(&words),
            (Verdict::Old, 0) if !self.expected.may_stay() => bad(&"it said done, and stands at OLD"),
            (Verdict::New, 1 | 3 | 4) if self.expected.ends == Ends::Either => {
                bad(&"it said failed, and stands at NEW")
            }
            (verdict, _) => verdict,
        }
    }
}
