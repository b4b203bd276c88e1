//! `gate`, for which every start of a service waits.

use std::ffi::OsString;

use clap::{ArgMatches, Args, Parser, Subcommand};

use super::{Arguments, Command, Options};

/// Arguments of `gate`
#[derive(Debug, Args)]
pub struct Gate {
    /// The command to become when the gate is open
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

impl Arguments {
    /// What was typed, and how.
    ///
    /// # Errors
    /// It cannot be understood, or asks for help.
    pub fn of(words: &[OsString]) -> Result<(Self, ArgMatches), clap::Error> {
        // Every start of a service waits for the gate, and would wait for the definition of all commands.
        let is_gate = words.iter().any(|word| word == "gate");
        if let Some(Ok((alone, matches))) = is_gate.then(|| parse::<GateAlone>(words)) {
            let GateAlone { options, command: OnlyGate::Gate(gate) } = alone;
            return Ok((Self { options, command: Command::Gate(gate) }, matches));
        }
        parse(words)
    }
}

fn parse<P: Parser>(words: &[OsString]) -> Result<(P, ArgMatches), clap::Error> {
    let mut command = P::command();
    let matches = command.try_get_matches_from_mut(words)?;
    let parsed = P::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((parsed, matches))
}

/// The same where the command is `gate`; whatever else is typed it does not understand.
#[derive(Debug, Parser)]
#[command(name = "gantry-installer")]
struct GateAlone {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: OnlyGate,
}

#[derive(Debug, Subcommand)]
enum OnlyGate {
    Gate(Gate),
}
