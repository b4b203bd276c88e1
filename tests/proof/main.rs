//! The proof: every operation with every fault at every point, and what stands there afterwards. `tests/proof.sh` runs it.

#![allow(clippy::disallowed_methods, reason = "the fence is for the program, not for what tests it")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own, whose result is a table")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a harness ends where it fails")]
#![allow(missing_docs, reason = "a program, not a library")]

#[path = "../integration/format.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod format;
#[path = "../integration/crash/frozen.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod frozen;
#[path = "../integration/own_migrator.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod own_migrator;
#[path = "../integration/processes.rs"]
mod processes;
#[path = "../integration/release.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod release;
#[path = "../integration/settings.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod settings;
#[path = "../integration/world.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod world;

mod classes;
mod ends;
mod fault;
mod findings;
mod fingerprint;
mod launcher;
mod operation;
mod operations;
mod picture;
mod power;
mod record;
mod scope;
mod seeded;
mod stage;
mod suite;
mod sweep;
mod table;
mod tracer;
mod tree;
mod trial;
mod verdict;
mod work;

use std::process::ExitCode;

use findings::Findings;
use operation::Size;
use operations::OPERATIONS;
use record::Record;
use scope::{Depth, Scope};
use work::Work;

const USAGE: &str = "\
quick [SETTING…] [FILTER…]   a sample of all points, in minutes
full [SETTING…] [FILTER…]    all of them, in hours; goes on where it stopped
one OPERATION FAULT POINT    one point again, with all that was said
list OPERATION               the points of an operation
count [FILTER…]              how many points of each fault `full` tries, where that is known before
settings: jobs=N seed=N shard=I/N minutes=N; a filter is a part of `OPERATION FAULT`. Of the tests, which wait most of
the time, twice as many as jobs run at once. What is not finished after 150 minutes, or the minutes that are given, ends
in 3, and the same command goes on";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == "ask") {
        return launcher::ask(&words[1..]);
    }
    if words.first().is_some_and(|word| word == "held") {
        return tracer::held(&words[1..]);
    }
    let words: Vec<String> = words.into_iter().map(|word| word.into_string().unwrap()).collect();
    let done = match words.first().map(String::as_str) {
        Some("power-job") => power::jobs::perform(&words[1..]),
        Some("one") => one(&words[1..]),
        Some("list") => list(&words[1..]),
        Some("count") => count(&words[1..]),
        _ => all(&words),
    };
    done.unwrap_or_else(|error| {
        eprintln!("proof: {error}\n{USAGE}");
        ExitCode::from(2)
    })
}

fn all(words: &[String]) -> Result<ExitCode, String> {
    let subject = record::subject();
    let scope = Scope::of(words, &subject)?;
    println!("seed {}, {} workers", scope.seed, scope.jobs);
    let record = if scope.depth == Depth::Full { Record::open(&subject) } else { Record::none() };
    let findings = Findings::default();
    for (operation, size, faults) in scope.operations() {
        Work { operation, size, faults: &faults, scope: &scope, record: &record, findings: &findings }.run();
    }
    let mut skipped = power::run(&scope, &findings);
    skipped.extend(suite::run(&scope, &record, &findings));
    findings.bad.lock().unwrap().extend(seeded::missed(scope::room(), &scope));
    let code = findings.print();
    for words in &skipped {
        println!("skipped: {words}");
    }
    println!("proof: {} skipped", skipped.len());
    Ok(code)
}

fn one(words: &[String]) -> Result<ExitCode, String> {
    let [operation, fault, point] = words else { return Err("`one` needs an operation, a fault and a point".into()) };
    let (operation, size) = known(operation)?;
    let fault = fault::Fault::named(fault).ok_or_else(|| format!("there is no fault `{fault}`"))?;
    let (point, second) = match point.split_once('/') {
        Some((point, second)) => (point, Some(second)),
        None => (point.as_str(), None),
    };
    let number = |text: &str| text.parse().map_err(|error| format!("`{text}`: {error}"));
    let trial = trial::Trial { fault, point: number(point)?, second: second.map(number).transpose()? };
    let outcome = sweep::Sweep::of(operation, size, scope::room()).attempt(&trial, &[]);
    let trace = &outcome.trace;
    println!("{}\n{}", trace.stdout, trace.stderr);
    println!("at {}: {:?}", trace.fired.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string), trace.end);
    match outcome.verdict {
        verdict::Verdict::Bad(words) => println!("bad: {words}"),
        verdict => {
            println!("{verdict:?}");
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(ExitCode::FAILURE)
}

fn list(words: &[String]) -> Result<ExitCode, String> {
    let [operation] = words else { return Err("`list` needs an operation".into()) };
    let (operation, size) = known(operation)?;
    for point in sweep::Sweep::of(operation, size, scope::room()).points {
        println!("{point}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What recoveries and disks come to is only known when they were run once.
fn count(filters: &[String]) -> Result<ExitCode, String> {
    let words: Vec<_> = std::iter::once("full".to_owned()).chain(filters.iter().cloned()).collect();
    let scope = Scope::of(&words, &record::subject())?;
    for (operation, size, faults) in scope.operations() {
        let sweep = sweep::Sweep::of(operation, size, scope::room());
        for fault in faults {
            let candidates = scope.candidates(&sweep.points, fault, size);
            let chosen = classes::choose(&candidates, fault, scope.most(fault, operation, size), scope.seed);
            println!("{:22} {:16} {:>7}", size.name(operation), fault.name(), chosen.points.len());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn known(name: &str) -> Result<(&'static operation::Operation, Size), String> {
    let every = [Size::Small, Size::Large].into_iter().flat_map(|size| OPERATIONS.iter().map(move |one| (one, size)));
    let mut fitting = every.filter(|(operation, size)| size.name(operation) == name);
    fitting.next().ok_or_else(|| format!("there is no operation `{name}`"))
}
