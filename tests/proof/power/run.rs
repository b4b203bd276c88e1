//! All power cuts that are asked for, some at a time, with what is missing for the others.

use std::collections::{HashMap, VecDeque};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use super::jobs::{Harness, Job};
use super::outcome::Outcome;
use super::plan::{Thoroughness, jobs};
use crate::findings::Findings;
use crate::record;
use crate::scope::{Depth, Scope};
use crate::table::Row;

/// Tries them. Returns what was not tried, in words.
pub fn run(scope: &Scope, findings: &Findings) -> Vec<String> {
    let how = if scope.depth == Depth::Full { Thoroughness::Full } else { Thoroughness::Quick };
    let since = Instant::now();
    let mut skipped: Vec<String> = Vec::new();
    let mut left = VecDeque::new();
    for (number, job) in jobs(how, scope.seed).into_iter().enumerate() {
        let wanted = scope.wants(&job.size.name(job.operation), &job.fault()) && scope.is_own(number as u64);
        match missing(job.harness) {
            _ if !wanted => {}
            None => left.push_back(job),
            Some(words) if skipped.contains(&words) => {}
            Some(words) => skipped.push(words),
        }
    }
    let (left, done) = (Mutex::new(left), Done::open(how));
    std::thread::scope(|threads| {
        for _ in 0..scope.jobs {
            threads.spawn(|| {
                loop {
                    let Some(job) = left.lock().unwrap().pop_front() else { break };
                    if scope.is_over() {
                        *findings.left.lock().unwrap() += 1;
                        break;
                    }
                    count(&job, &done.outcome(&job), findings);
                }
            });
        }
    });
    eprintln!("power cuts: {:.0} s", since.elapsed().as_secs_f64());
    skipped
}

fn count(job: &Job, outcome: &Result<Outcome, String>, findings: &Findings) {
    let again = format!(
        "`tests/proof.sh power-job {}`",
        job.words().iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
    );
    let bad = |words: String| {
        eprintln!("{words}");
        findings.bad.lock().unwrap().push(words);
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(words) => return bad(format!("BAD: {again}: the harness: {words}")),
    };
    findings.unmodelled.lock().unwrap().extend(outcome.unmodelled.iter().cloned());
    let Row { tried, old, new, bad: wrong, passed_over } = outcome.row;
    if let Some((name, _)) = job.lie() {
        // Here a bad end is what is wanted, and no line of the table.
        match wrong {
            0 => bad(format!("BAD: {again}: the bug `{name}` was not found in {tried} points")),
            _ => println!("seeded: the bug `{name}` was found by {} at {wrong} of {tried} points", job.harness),
        }
        return;
    }
    let mut table = findings.table.lock().unwrap();
    let row = table.row(&job.size.name(job.operation), &job.fault());
    row.passed_over += passed_over;
    row.tried += tried;
    row.old += old;
    row.new += new;
    row.bad += wrong;
    drop(table);
    outcome.bad.iter().for_each(|words| bad(format!("BAD: {again}: {words}")));
}

/// Why a harness cannot be used here, if it cannot.
fn missing(harness: Harness) -> Option<String> {
    let (flavour, name) = match harness {
        Harness::Model => return None,
        Harness::Call(flavour) => (flavour, "at a system call"),
        Harness::Disk(flavour) => (flavour, "at a flush of the disk"),
    };
    let lost = |why: String| Some(format!("power cuts {name} on {}: {why}", flavour.kind.name()));
    if !rustix::process::geteuid().is_root() {
        return lost("only root may mount file systems".to_owned());
    }
    let devices = ["/dev/loop-control", "/dev/fuse"];
    if let Some(device) = devices.into_iter().find(|device| !Path::new(device).exists()) {
        return lost(format!("there is no `{device}`"));
    }
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !known.split_whitespace().any(|one| one == flavour.kind.name()) {
        return lost("the kernel does not know it".to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has = |program: &str| std::env::split_paths(&path).any(|directory| directory.join(program).exists());
    let programs = [flavour.kind.maker(), "losetup", "mount", "setpriv", "umount", "unshare"];
    let absent = programs.into_iter().find(|program| !has(program));
    absent.and_then(|program| lost(format!("there is no `{program}`")))
}

/// Jobs that came to an end, so that a long run can go on where it stopped.
struct Done {
    known: HashMap<String, Outcome>,
    file: Option<PathBuf>,
}

impl Done {
    fn open(how: Thoroughness) -> Self {
        if how == Thoroughness::Quick {
            return Self { known: HashMap::new(), file: None };
        }
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/proof");
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join(format!("{}.power", &record::subject()[..16]));
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let known = text.lines().filter_map(|line| {
            let (key, told) = line.split_once('\t')?;
            Some((key.to_owned(), Outcome::hear(&told.replace('\t', "\n"))?))
        });
        Self { known: known.collect(), file: Some(file) }
    }

    /// Of an earlier run, if nothing was bad in it; else of a new one.
    fn outcome(&self, job: &Job) -> Result<Outcome, String> {
        let key = job.words().join(" ");
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let outcome = job.run()?;
        if let (Some(file), true) = (&self.file, outcome.bad.is_empty() || job.lie().is_some()) {
            let told = outcome.tell().trim_end().replace('\t', " ").replace('\n', "\t");
            let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
            file.write_all(format!("{key}\t{told}\n").as_bytes()).unwrap();
        }
        Ok(outcome)
    }
}
