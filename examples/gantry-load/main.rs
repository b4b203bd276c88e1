//! A load generator for the reference node that keeps a log of what was acknowledged, and a check of that log.
//!
//! `gantry-load --url http://127.0.0.1:8080 --log FILE --until-stopped` writes through restarts and upgrades; then
//! `gantry-load verify --database PATH --log FILE` says which acknowledged writes the database does not have.

#![allow(clippy::disallowed_methods, reason = "an example is a program of its own, outside of the library's fence")]

mod log;
mod client;
mod pace;
mod worker;
mod load;
mod expected;
mod verify;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "gantry-load", about = "Write to a Gantry node and remember what it acknowledged")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    load: Option<load::Load>,
}

#[derive(Subcommand)]
enum Command {
    /// Say which acknowledged writes a database does not have, once the load has ended
    Verify {
        /// Database file; it is only read
        #[arg(long)]
        database: PathBuf,
        /// Log of acknowledged writes
        #[arg(long)]
        log: PathBuf,
        /// Report of a run, in JSON: what its loss ledger names may be missing
        #[arg(long)]
        loss: Option<PathBuf>,
    },
    /// Print a port of 127.0.0.1 that is free now
    FreePort,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    match (arguments.command, arguments.load) {
        (Some(Command::Verify { database, log, loss }), _) => {
            let findings = verify::verify(&database, &log, loss.as_deref())?;
            say(&serde_json::to_string_pretty(&findings)?);
            Ok(if findings.nothing_unexplained() { ExitCode::SUCCESS } else { ExitCode::from(3) })
        }
        (Some(Command::FreePort), _) => {
            say(&std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string());
            Ok(ExitCode::SUCCESS)
        }
        (None, Some(load)) => {
            say(&serde_json::to_string_pretty(&load::run(&load)?)?);
            Ok(ExitCode::SUCCESS)
        }
        (None, None) => Err("say what to do: see `gantry-load --help`".into()),
    }
}

#[allow(clippy::print_stdout, reason = "the edge of the program")]
fn say(line: &str) {
    println!("{line}");
}

#[allow(clippy::print_stderr, reason = "the edge of the program")]
fn complain(error: &dyn Error) {
    eprintln!("gantry-load: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("caused by: {error}");
        cause = error.source();
    }
}
