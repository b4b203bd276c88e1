//! `gate`, for which every start of a service waits.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

use super::{Arguments, Command, Options};

/// Arguments of `gate`
#[derive(Debug, Args)]
pub struct Gate {
    /// The command to become when the gate is open
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

impl Arguments {
    /// What was typed.
    ///
    /// # Errors
    /// It cannot be understood, or asks for help.
    pub fn of(words: &[OsString]) -> Result<Self, clap::Error> {
        // Every start of a service waits for the gate, and would wait for the definition of all commands.
        let is_gate = words.iter().any(|word| word == "gate");
        if let Some(Ok(GateAlone { options, command: OnlyGate::Gate(gate) })) =
            is_gate.then(|| GateAlone::try_parse_from(words))
        {
            return Ok(Self { options, command: Command::Gate(gate) });
        }
        Self::try_parse_from(words)
    }
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
