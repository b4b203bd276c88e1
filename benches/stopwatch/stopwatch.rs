//! Runs a command again and again, and prints the median time of a run in microseconds.
//!
//! `stopwatch RUNS COMMAND…`; benches/run.sh compiles it with rustc alone. A time is that of the whole process, from
//! before it is made until it was waited for. A run that fails ends the measuring with its exit code.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let runs = words.next().and_then(|runs| runs.to_str()?.parse::<usize>().ok()).filter(|runs| *runs > 0);
    let (Some(runs), Some(program)) = (runs, words.next()) else {
        eprintln!("usage: stopwatch RUNS COMMAND…");
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let begun = Instant::now();
        match command.status() {
            Ok(status) if status.success() => times.push(begun.elapsed()),
            Ok(status) => return ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
            Err(error) => {
                eprintln!("stopwatch: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    times.sort_unstable();
    println!("{}", times[runs / 2].as_micros());
    ExitCode::SUCCESS
}
