//! Tries all that is asked for of one operation, by several workers with a world each.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use crate::classes::{Chosen, choose};
use crate::fault::Fault;
use crate::fingerprint::fingerprint;
use crate::operation::{Operation, Size};
use crate::record::Record;
use crate::scope::{Scope, room};
use crate::sweep::Sweep;
use crate::table::Table;
use crate::tracer::{End, Kind, Point, Trace, Tracer};
use crate::trial::Trial;
use crate::verdict::Verdict;

/// What is found, by all workers.
#[derive(Default)]
pub struct Findings {
    pub table: Mutex<Table>,
    /// How each bad point can be tried again, and what was wrong with it.
    pub bad: Mutex<Vec<String>>,
    /// Calls that may change something in a way that the tracer does not understand.
    pub unmodelled: Mutex<BTreeSet<String>>,
    /// Faults that fired at another call than the one that was recorded under their number.
    pub moved: Mutex<u64>,
    /// Errors that left what another one had left, and were judged with it.
    pub alike: Mutex<u64>,
    /// How many workers had not come to their end when the time was over.
    pub left: Mutex<u64>,
}

impl Findings {
    /// The table, and all that makes it one of failures.
    pub fn print(&self) -> ExitCode {
        let (table, bad) = (self.table.lock().unwrap(), self.bad.lock().unwrap());
        println!();
        table.print();
        let unmodelled = self.unmodelled.lock().unwrap();
        for call in unmodelled.iter() {
            println!("NOT MODELLED: {call}");
        }
        println!("{} faults fired at another call than the recorded one", self.moved.lock().unwrap());
        println!("{} errors left what another one had left, and were judged with it", self.alike.lock().unwrap());
        for text in bad.iter() {
            println!("{}", text.lines().next().unwrap_or_default());
        }
        let well = table.bad() == 0 && bad.is_empty() && unmodelled.is_empty() && table.tried() > 0;
        if well && *self.left.lock().unwrap() > 0 {
            println!("NOT FINISHED: the time is over; the same command goes on from here");
            return ExitCode::from(3);
        }
        if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

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
    /// States that killed recoveries left, from which another one was tried.
    judged: Mutex<HashSet<u64>>,
    /// What errors left, with how the command ended, and what came of it.
    ends: Mutex<HashMap<(u64, String), Verdict>>,
}

impl Work<'_> {
    pub fn run(&self) {
        if self.scope.is_over() {
            *self.findings.left.lock().unwrap() += 1;
            return;
        }
        let since = Instant::now();
        let shared = OnceLock::new();
        std::thread::scope(|scope| {
            for _ in 0..self.scope.jobs {
                scope.spawn(|| {
                    let sweep = Sweep::of(self.operation, self.size, room());
                    let shared = shared.get_or_init(|| self.share(&sweep));
                    self.compare(&sweep, shared);
                    loop {
                        let Some(trial) = shared.left.lock().unwrap().pop_front() else { break };
                        if self.scope.is_over() {
                            *self.findings.left.lock().unwrap() += 1;
                            break;
                        }
                        match trial.fault.second() {
                            Some(_) => self.recoveries(&trial, &sweep, shared),
                            None => self.once(&trial, &sweep, shared),
                        }
                    }
                });
            }
        });
        eprintln!("{}: {:.0} s", self.name(), since.elapsed().as_secs_f64());
    }

    fn name(&self) -> String {
        self.size.name(self.operation)
    }

    fn share(&self, sweep: &Sweep<'_>) -> Shared {
        let mut left = VecDeque::new();
        for fault in self.faults {
            let Chosen { points, passed_over } =
                choose(&sweep.points, *fault, self.scope.most(*fault, self.operation, self.size), self.scope.seed);
            // For a fault in the recovery they are counted where the recovery's points are known.
            if fault.second().is_none() {
                self.findings.table.lock().unwrap().row(&self.name(), &fault.name()).passed_over += passed_over;
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
            ends: Mutex::default(),
        }
    }

    /// A point must mean the same to all workers. A large database is written in pieces whose number hangs on who is faster.
    fn compare(&self, sweep: &Sweep<'_>, shared: &Shared) {
        if self.size == Size::Large {
            return;
        }
        assert_eq!(sweep.points.len(), shared.points.len(), "{}: two runs differ in their calls", self.name());
    }

    fn once(&self, trial: &Trial, sweep: &Sweep<'_>, shared: &Shared) {
        if self.is_known(trial) {
            return;
        }
        let trace = sweep.strike(trial.point, trial.fault.kind(), &[]);
        let at = trace.fired.as_ref();
        self.watch(at, &sweep.points[place(trial.point)]);
        let verdict = match trial.fault {
            Fault::Kill => sweep.judge(trial, &trace, &[]),
            _ => self.after_error(trial, &trace, sweep, shared),
        };
        self.count(trial, &verdict, at);
    }

    /// Where an error left the very state, with the very answer, that another one left, the judgement of that one is its own.
    fn after_error(&self, trial: &Trial, trace: &Trace, sweep: &Sweep<'_>, shared: &Shared) -> Verdict {
        let end = trace.fired.as_ref().map(|_| (fingerprint(&sweep.stage), format!("{:?}", trace.end)));
        let known = end.as_ref().and_then(|end| shared.ends.lock().unwrap().get(end).cloned());
        if let Some(verdict) = known {
            *self.findings.alike.lock().unwrap() += 1;
            return verdict;
        }
        let verdict = sweep.judge(trial, trace, &[]);
        if let (Some(end), false) = (end, matches!(verdict, Verdict::Bad(_))) {
            shared.ends.lock().unwrap().insert(end, verdict.clone());
        }
        verdict
    }

    /// A kill, and from what it left every kill of the recovery.
    fn recoveries(&self, trial: &Trial, sweep: &Sweep<'_>, shared: &Shared) {
        let trace = sweep.strike(trial.point, Kind::Kill, &[]);
        assert!(trace.fired.is_some(), "{} did not fire", self.key(trial));
        let state = fingerprint(&sweep.stage);
        let known = shared.seen.lock().unwrap().get(&(trial.fault.name(), state)).copied();
        if let Some(points) = known {
            self.findings.table.lock().unwrap().row(&self.name(), &trial.fault.name()).passed_over += points;
            return;
        }
        let broken = sweep.stage.save();
        let world = sweep.stage.world.path("");
        sweep.stage.put_back(&broken);
        let recovery = Tracer::of(&world).run(&sweep.stage.command(&["recover"]));
        if recovery.end != End::Exited(0) {
            let verdict = Verdict::Bad(format!("the recovery alone: {:?} {}", recovery.end, recovery.stderr));
            return self.count(trial, &verdict, trace.fired.as_ref());
        }
        shared.seen.lock().unwrap().insert((trial.fault.name(), state), recovery.points.len() as u64);
        self.findings.unmodelled.lock().unwrap().extend(recovery.unmodelled);
        let seed = self.scope.seed ^ trial.point;
        let chosen = choose(&recovery.points, trial.fault, self.scope.most_of_a_recovery(trial.fault), seed);
        self.findings.table.lock().unwrap().row(&self.name(), &trial.fault.name()).passed_over += chosen.passed_over;
        for second in chosen.points {
            let trial = Trial { second: Some(second), ..trial.clone() };
            if self.is_known(&trial) {
                continue;
            }
            if self.scope.is_over() {
                *self.findings.left.lock().unwrap() += 1;
                break;
            }
            let trace = sweep.break_recovery(&trial, &broken, &[]);
            let at = trace.fired.as_ref();
            self.watch(at, &recovery.points[place(second)]);
            // Another recovery could not tell this state from one of which it is known.
            let is_new = || shared.judged.lock().unwrap().insert(fingerprint(&sweep.stage));
            if trial.fault == Fault::KillTwice && at.is_some() && !is_new() {
                self.pass_over(&trial);
                continue;
            }
            self.count(&trial, &sweep.after_break(&trace), at);
        }
    }

    fn pass_over(&self, trial: &Trial) {
        self.record.keep(&self.key(trial), "SAME");
        self.findings.table.lock().unwrap().row(&self.name(), &trial.fault.name()).passed_over += 1;
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
            Some("SAME") => {
                self.findings.table.lock().unwrap().row(&self.name(), &trial.fault.name()).passed_over += 1;
                return true;
            }
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

fn place(point: u64) -> usize {
    usize::try_from(point).unwrap() - 1
}
