//! The proof: every operation with every fault at every point, and what stands there afterwards. `tests/proof.sh` runs it.

#![allow(clippy::disallowed_methods, reason = "the fence is for the program, not for what tests it")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own, whose result is a table")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a harness ends where it fails")]
#![allow(missing_docs, reason = "a program, not a library")]

#[path = "../integration/crash/frozen.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod frozen;
#[path = "../integration/release.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod release;
#[path = "../integration/settings.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod settings;
#[path = "../integration/world.rs"]
#[allow(dead_code, reason = "shared with the integration tests")]
mod world;

mod launcher;
mod operation;
mod operations;
mod picture;
mod power;
mod stage;
mod sweep;
mod table;
mod tracer;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    match words.first().and_then(|word| word.to_str()) {
        Some("ask") => launcher::ask(&words[1..]),
        Some("power-job") => power::jobs::perform(&words[1..]),
        _ => {
            for operation in operations::OPERATIONS {
                let since = std::time::Instant::now();
                let sweep = sweep::Sweep::of(operation, operation::Size::Small, frozen::quick());
                println!("{} {} points {:?}", operation.name, sweep.points.len(), since.elapsed());
                println!("{:?}", sweep.unmodelled);
                let half = sweep.points.len() as u64 / 2;
                let trace = sweep.strike(half, tracer::Kind::Kill, &[]);
                println!("{:?} {:?} {:?} {:?}", trace.fired, trace.end, sweep.recover(), since.elapsed());
            }
            ExitCode::SUCCESS
        }
    }
}
