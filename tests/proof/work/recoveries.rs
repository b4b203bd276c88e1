//! What goes wrong in a recovery as well.

use super::{Shared, Work, place, strike};
use crate::classes::choose;
use crate::fault::Fault;
use crate::fingerprint::fingerprint;
use crate::stage::Saved;
use crate::sweep::Sweep;
use crate::tracer::{End, Point, Trace, Tracer};
use crate::trial::Trial;
use crate::verdict::Verdict;

/// What a kill left, of which no recovery is known yet.
struct Broken<'a> {
    trial: &'a Trial,
    /// Where the kill came.
    at: Option<&'a Point>,
    state: u64,
    saved: Saved,
}

impl Work<'_> {
    /// A kill, and from what it left the second fault at the points of the recovery.
    pub(super) fn recoveries(&self, trial: &Trial, sweep: &Sweep<'_>, shared: &Shared) {
        if self.is_done(trial, shared) {
            return;
        }
        let trace = strike(trial, sweep);
        assert!(trace.fired.is_some(), "{} did not fire", self.key(trial));
        let state = fingerprint(&sweep.stage);
        let known = shared.seen.lock().unwrap().get(&(trial.fault.name(), state)).copied();
        if let Some(points) = known {
            return self.done(trial, state, 0, points);
        }
        let broken = Broken { trial, at: trace.fired.as_ref(), state, saved: sweep.stage.save() };
        match (trial.fault, self.scope.most_of_a_recovery(trial.fault)) {
            (Fault::KillTwice, None) => self.every_kill(&broken, sweep, shared),
            (_, most) => self.some_faults(&broken, most, sweep, shared),
        }
    }

    /// A kill before each call of the recovery. One recovery shows what each of them leaves.
    fn every_kill(&self, broken: &Broken<'_>, sweep: &Sweep<'_>, shared: &Shared) {
        let is_new = |state| shared.judged.lock().unwrap().insert(state);
        let (recovery, left) = sweep.look_into_recovery(&broken.saved, is_new);
        let Some(points) = self.is_whole(broken, recovery, shared) else { return };
        let passed_over = (points.len() - left.len()) as u64;
        let mut is_sound = true;
        for (point, saved) in left {
            sweep.stage.put_back(&saved);
            let verdict = sweep.after_kill();
            is_sound &= !matches!(verdict, Verdict::Bad(_));
            self.count(&Trial { second: Some(point.number), ..broken.trial.clone() }, &verdict, Some(&point));
        }
        // What was bad is tried again another time.
        if is_sound {
            self.done(broken.trial, broken.state, points.len() as u64, passed_over);
        }
    }

    /// The second fault at some of the points, or at all of them, each in a recovery of its own.
    fn some_faults(&self, broken: &Broken<'_>, most: Option<usize>, sweep: &Sweep<'_>, shared: &Shared) {
        sweep.stage.put_back(&broken.saved);
        let world = sweep.stage.world.path("");
        let recovery = Tracer::of(&world).run(&sweep.stage.command(&["recover"]));
        let Some(points) = self.is_whole(broken, recovery, shared) else { return };
        let chosen = choose(&points, broken.trial.fault, most, self.scope.seed ^ broken.trial.point);
        let mut is_sound = true;
        for second in chosen.points {
            let trial = Trial { second: Some(second), ..broken.trial.clone() };
            if self.is_known(&trial) {
                continue;
            }
            if self.scope.is_over() {
                *self.findings.left.lock().unwrap() += 1;
                return;
            }
            let trace = sweep.break_recovery(&trial, &broken.saved, &[]);
            let at = trace.fired.as_ref();
            self.watch(at, &points[place(second)]);
            let verdict = sweep.after_break(&trace);
            is_sound &= !matches!(verdict, Verdict::Bad(_));
            self.count(&trial, &verdict, at);
        }
        if is_sound {
            self.done(broken.trial, broken.state, points.len() as u64, chosen.passed_over);
        }
    }

    /// The points of a recovery in which nothing went wrong.
    fn is_whole(&self, broken: &Broken<'_>, recovery: Trace, shared: &Shared) -> Option<Vec<Point>> {
        if recovery.end != End::Exited(0) {
            let verdict = Verdict::Bad(format!("the recovery alone: {:?} {}", recovery.end, recovery.stderr));
            self.count(broken.trial, &verdict, broken.at);
            return None;
        }
        self.findings.unmodelled.lock().unwrap().extend(recovery.unmodelled);
        let known = (broken.trial.fault.name(), broken.state);
        shared.seen.lock().unwrap().insert(known, recovery.points.len() as u64);
        Some(recovery.points)
    }

    /// All of a recovery was tried: how many points it has, and how many of them were passed over.
    fn done(&self, trial: &Trial, state: u64, points: u64, passed_over: u64) {
        self.record.keep(&self.key(trial), &format!("DONE {state} {points} {passed_over}"));
        self.findings.table.lock().unwrap().row(&self.name(), &trial.fault.name()).passed_over += passed_over;
    }

    /// Counts a recovery of which all was tried before.
    fn is_done(&self, trial: &Trial, shared: &Shared) -> bool {
        let numbers = self.record.word(&self.key(trial)).and_then(|word| word.strip_prefix("DONE "));
        let numbers: Vec<u64> =
            numbers.into_iter().flat_map(|text| text.split(' ').map_while(|one| one.parse().ok())).collect();
        let [state, points, passed_over] = numbers[..] else { return false };
        if points > 0 {
            shared.seen.lock().unwrap().insert((trial.fault.name(), state), points);
        }
        for second in 1..=points {
            self.is_known(&Trial { second: Some(second), ..trial.clone() });
        }
        self.findings.table.lock().unwrap().row(&self.name(), &trial.fault.name()).passed_over += passed_over;
        true
    }
}
