//! Tries all that is asked for of one operation, by several workers with a world each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::classes::{Chosen, choose};
use crate::ends::Ends;
use crate::fault::Fault;
use crate::findings::Findings;
use crate::fingerprint::fingerprint;
use crate::operation::{Operation, Size};
use crate::record::Record;
use crate::scope::{Scope, room};
use crate::sweep::Sweep;
use crate::tracer::{End, Point, Trace};
use crate::trial::Trial;
use crate::verdict::Verdict;

mod recoveries;

/// The work on one operation.
pub struct Work<'a> {
    pub operation: &'static Operation,
    pub size: Size,
    pub faults: &'a [Fault],
    pub scope: &'a Scope,
    pub record: &'a Record,
    pub findings: &'a Findings,
}

/// What the workers share.
struct Shared {
    left: Mutex<VecDeque<Trial>>,
    points: Vec<Point>,
    /// How many points the recovery from a state has.
    seen: Mutex<HashMap<(String, u64), u64>>,
    /// States that a killed recovery leaves, from which another one was tried.
    judged: Mutex<HashSet<u64>>,
    /// What was left, and what came of it.
    ends: Arc<Ends>,
}

impl Work<'_> {
    pub fn run(&self) {
        if self.scope.is_over() {
            *self.findings.left.lock().unwrap() += 1;
            return;
        }
        let since = Instant::now();
        let mut sweeps = self.at_once(vec![(); self.scope.jobs], |()| Sweep::of(self.operation, self.size, room()));
        // How often a run looks again whether much was written hangs on how busy the machine is: what the shortest one did
        // all of them do.
        sweeps.sort_by_key(|sweep| sweep.points.len());
        let Some(shared) = sweeps.first().map(|sweep| self.share(sweep)) else { return };
        sweeps.iter_mut().for_each(|sweep| sweep.ends = Arc::clone(&shared.ends));
        self.at_once(sweeps, |sweep| {
            loop {
                let Some(trial) = shared.left.lock().unwrap().pop_front() else { break };
                if self.scope.is_over() {
                    *self.findings.left.lock().unwrap() += 1;
                    break;
                }
                match trial.fault.second() {
                    Some(_) => self.recoveries(&trial, &sweep, &shared),
                    None => self.once(&trial, &sweep, &shared),
                }
            }
        });
        *self.findings.alike.lock().unwrap() += shared.ends.alike();
        eprintln!("{}: {:.0} s", self.name(), since.elapsed().as_secs_f64());
    }

    /// Something for each of these, by a thread each. Where one panics, the others and the rest of the proof go on.
    fn at_once<T: Send, R: Send>(&self, of: Vec<T>, action: impl Fn(T) -> R + Sync) -> Vec<R> {
        let action = &action;
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> = of.into_iter().map(|one| scope.spawn(move || action(one))).collect();
            threads.into_iter().map(|thread| thread.join().ok()).collect::<Vec<_>>()
        });
        if results.iter().any(Option::is_none) {
            let words = format!("BAD: {}: the harness panicked; its words are above", self.name());
            self.findings.bad.lock().unwrap().push(words);
        }
        results.into_iter().flatten().collect()
    }

    fn name(&self) -> String {
        self.size.name(self.operation)
    }

    fn share(&self, sweep: &Sweep<'_>) -> Shared {
        let mut left = VecDeque::new();
        for fault in self.faults {
            let candidates = self.scope.candidates(&sweep.points, *fault, self.size);
            let most = self.scope.most(*fault, self.operation, self.size);
            let Chosen { points, passed_over } = choose(&candidates, *fault, most, self.scope.seed);
            if candidates.is_empty() {
                let words = format!("BAD: the harness: {} has nothing to try {} at", self.name(), fault.name());
                self.findings.bad.lock().unwrap().push(words);
            }
            // For a fault in the recovery they are counted where the recovery's points are known.
            if fault.second().is_none() {
                let others = (sweep.points.len() - candidates.len()) as u64;
                self.findings.table.lock().unwrap().row(&self.name(), &fault.name()).passed_over +=
                    others + passed_over;
            }
            let own = points.into_iter().filter(|point| self.scope.is_own(*point));
            left.extend(own.map(|point| Trial { fault: *fault, point, second: None }));
        }
        self.findings.unmodelled.lock().unwrap().extend(sweep.unmodelled.iter().cloned());
        eprintln!("{}: {} points, {} trials", self.name(), sweep.points.len(), left.len());
        Shared {
            left: Mutex::new(left),
            points: sweep.points.clone(),
            seen: Mutex::default(),
            judged: Mutex::default(),
            ends: Arc::default(),
        }
    }

    fn once(&self, trial: &Trial, sweep: &Sweep<'_>, shared: &Shared) {
        if self.is_known(trial) {
            return;
        }
        let trace = strike(trial, sweep);
        let at = trace.fired.as_ref();
        self.watch(at, &shared.points[place(trial.point)]);
        let verdict = match (trial.fault, at) {
            (Fault::Kill, _) | (_, None) => sweep.judge(trial, &trace, &[]),
            // What this very state with this very answer comes to is known, if another error left it.
            _ => {
                let end = (fingerprint(&sweep.stage), format!("{:?}", trace.end));
                shared.ends.judge(end, || sweep.judge(trial, &trace, &[]))
            }
        };
        self.count(trial, &verdict, at);
    }

    fn key(&self, trial: &Trial) -> String {
        let second = trial.second.map_or_else(String::new, |second| format!("/{second}"));
        format!("{} {} {}{second}", self.name(), trial.fault.name(), trial.point)
    }

    /// Counts a point that was tried before.
    fn is_known(&self, trial: &Trial) -> bool {
        let verdict = match self.record.word(&self.key(trial)) {
            Some("OLD") => Verdict::Old,
            Some("NEW") => Verdict::New,
            _ => return false,
        };
        self.findings.table.lock().unwrap().count(&self.name(), &trial.fault.name(), &verdict);
        true
    }

    fn count(&self, trial: &Trial, verdict: &Verdict, at: Option<&Point>) {
        let key = self.key(trial);
        let word = match verdict {
            Verdict::Old => "OLD",
            Verdict::New => "NEW",
            Verdict::Bad(_) => "BAD",
        };
        self.record.keep(&key, word);
        self.findings.table.lock().unwrap().count(&self.name(), &trial.fault.name(), verdict);
        if let Verdict::Bad(words) = verdict {
            let at = at.map_or_else(String::new, |at| format!(" ({at})"));
            let text = format!("BAD: `tests/proof.sh one {key}`{at}: {words}");
            eprintln!("{text}");
            self.findings.bad.lock().unwrap().push(text);
        }
    }

    fn watch(&self, at: Option<&Point>, recorded: &Point) {
        if at.is_some_and(|at| (at.call, &at.path) != (recorded.call, &recorded.path)) {
            *self.findings.moved.lock().unwrap() += 1;
        }
    }
}

/// Another run may make fewer calls and end before this one; some run makes it.
fn strike(trial: &Trial, sweep: &Sweep<'_>) -> Trace {
    let once = || sweep.strike(trial.point, trial.fault.kind(), &[]);
    let is_short = |trace: &Trace| trace.fired.is_none() && trace.end == End::Exited(sweep.operation.code);
    (1..TRIED).fold(once(), |trace, _| if is_short(&trace) { once() } else { trace })
}

const TRIED: usize = 5;

fn place(point: u64) -> usize {
    usize::try_from(point).unwrap() - 1
}
