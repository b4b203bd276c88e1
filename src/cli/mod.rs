//! The commands, as the operator types them: one file a verb, one match.

pub mod arguments;
mod backup;
mod confirm;
mod crashed;
mod drift;
mod events;
pub mod exit;
mod export;
mod gate;
mod harmless;
mod held;
mod hints;
mod history;
mod hook;
mod import;
mod install;
mod keys;
mod manual;
mod major;
mod manifest;
mod migrate;
mod migrate_run;
mod offer;
mod outcome;
mod packaged;
mod probation;
mod recover;
pub mod reply;
mod rollback;
mod runs;
mod session;
mod status;
pub mod terminal;
mod typed;
mod upgrade;
mod verify;
mod way_out;
mod ways;

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;

use arguments::{Arguments, Command};
use events::Events;
use exit::Outcome;
use hints::Hints;
use reply::{Problem, Reply};
use session::Session;
use terminal::{Terminal, Verbosity};

use crate::sys::heap;
use crate::sys::signal::Interrupt;

/// Runs a command line, and tells how it ended.
pub fn main(words: Vec<OsString>) -> Outcome {
    heap::keep_free();
    let (arguments, hints) = match understood(&words) {
        Ok(understood) => understood,
        Err(error) => return misused(&error, &words),
    };
    // Words among the events on standard error would be in the way of whoever reads them.
    let quiet = arguments.options.quiet || arguments.options.events.as_deref() == Some(Path::new("-"));
    let verbosity = match (quiet, arguments.options.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let interrupt = if listens(&arguments.command) { Interrupt::install() } else { Ok(Interrupt::never()) };
    let command = name(&arguments.command);
    let reply = match (interrupt, arguments.options.events.as_deref().map(Events::open).transpose()) {
        (Ok(interrupt), Ok(events)) => {
            let terminal = Terminal::new(arguments.options.json, verbosity, interrupt).telling(events);
            let reply = dispatch(&arguments, &terminal);
            terminal.ended(command, reply.outcome);
            reply
        }
        (Err(error), _) => Reply::failed("signal", &error, "this is a fault of the system: try again"),
        (_, Err(error)) => Reply::failed("events", &error, "name a file that this user may write to, or `-`"),
    };
    match reply.write(command, arguments.options.json, verbosity == Verbosity::Quiet, &hints) {
        // What was changed stays so, whether or not it could be told.
        Err(_) if only_tells(&arguments.command) && reply.outcome == Outcome::Done => Outcome::Failed,
        _ => reply.outcome,
    }
}

fn understood(words: &[OsString]) -> Result<(Arguments, Hints), clap::Error> {
    let (arguments, matches) = Arguments::of(words)?;
    Ok((arguments, Hints::of(words, &matches)))
}

/// The answer when the program itself is broken.
pub fn broken(words: &[OsString]) -> Outcome {
    let problem = Problem {
        code: "bug".to_owned(),
        message: "gantry-installer has a bug and stopped".to_owned(),
        causes: Vec::new(),
        remedy: "run `gantry-installer recover` if a run was under way, and report what stands above".to_owned(),
    };
    let reply = Reply { error: Some(problem), ..Reply::new(Outcome::Bug) };
    let hints = understood(words).map_or_else(|_| Hints::of_program(words), |(_, hints)| hints);
    let _ = reply.write(&typed::command(words), wants_json(words), false, &hints);
    reply.outcome
}

fn dispatch(arguments: &Arguments, terminal: &Terminal) -> Reply {
    let open = || Session::open(&arguments.options.config, terminal);
    let answer = match &arguments.command {
        Command::Install(install) => open().and_then(|session| install::run(install, &session)),
        Command::Upgrade(upgrade) => open().and_then(|session| upgrade::run(upgrade, &session)),
        Command::Rollback(rollback) => open().and_then(|session| rollback::run(rollback, &session)),
        Command::Confirm => open().and_then(|session| confirm::run(&session)),
        Command::Hook(hook) => hook::run(hook, &arguments.options.config, terminal),
        Command::Recover(recover) => open().and_then(|session| recover::run(recover, &session)),
        Command::Status => open().and_then(|session| status::run(&session)),
        // The service asks as its own user, who may read little of the state directory.
        Command::Gate(gate) => Session::read(&arguments.options.config, terminal)
            .map_err(|reply| gate::closed(*reply, &gate.command))
            .and_then(|session| gate::run(&gate.command, &session)),
        Command::Verify => open().and_then(|session| verify::run(&session)),
        Command::History(history) => open().and_then(|session| history::run(history.run.as_deref(), &session)),
        Command::Backup(backup) => open().and_then(|session| backup::run(backup, &session)),
        Command::Export(export) => open().and_then(|session| export::run(export, &session)),
        Command::Import(import) => open().and_then(|session| import::run(import, &session)),
        Command::Completions(completions) => Ok(manual::completions(completions)),
        Command::Man(man) => Ok(manual::pages(man)),
        Command::Manifest(verb) => Ok(manifest::run(verb, &arguments.options.config, terminal)),
        Command::Migrate(migrate) if migrate.database.is_some() || migrate.dir.is_some() => {
            let progress = |work: &crate::migration::Work| terminal.say(&work.label());
            let ask = |question: &str| runs::consent(terminal, question);
            Ok(migrate::in_place(migrate, &terminal.interrupt, &ask, &progress, terminal))
        }
        Command::Migrate(migrate) => open()
            .map_err(|reply| migrate_run::without_configuration(reply, &arguments.options.config))
            .and_then(|session| migrate_run::run(migrate, &session)),
    };
    answer.unwrap_or_else(|reply| *reply)
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Install(_) => "install",
        Command::Upgrade(_) => "upgrade",
        Command::Rollback(_) => "rollback",
        Command::Confirm => "confirm",
        Command::Hook(_) => "hook",
        Command::Recover(_) => "recover",
        Command::Status => "status",
        Command::Gate(_) => "gate",
        Command::Verify => "verify",
        Command::History(_) => "history",
        Command::Backup(verb) => match verb {
            arguments::Backup::Create => "backup create",
            arguments::Backup::List => "backup list",
            arguments::Backup::Verify { .. } => "backup verify",
            arguments::Backup::Restore { .. } => "backup restore",
            arguments::Backup::Prune { .. } => "backup prune",
        },
        Command::Completions(_) => "completions",
        Command::Man(_) => "man",
        Command::Export(_) => "export",
        Command::Import(_) => "import",
        Command::Migrate(migrate) => migrate_run::name(&migrate.verb),
        Command::Manifest(verb) => match verb {
            arguments::Manifest::New { .. } => "manifest new",
            arguments::Manifest::Add { .. } => "manifest add",
            arguments::Manifest::Check { .. } => "manifest check",
            arguments::Manifest::Sign { .. } => "manifest sign",
            arguments::Manifest::Bundle { .. } => "manifest bundle",
            arguments::Manifest::Graph { .. } => "manifest graph",
        },
    }
}

/// Whether a signal is to end the command in order; all others end at once.
fn listens(command: &Command) -> bool {
    match command {
        Command::Install(_) | Command::Upgrade(_) | Command::Rollback(_) | Command::Backup(_) | Command::Migrate(_) => {
            true
        }
        Command::Export(_) | Command::Import(_) | Command::Confirm | Command::Hook(_) => true,
        // A recovery is not interrupted, but must not be killed by a signal either.
        Command::Recover(_) => true,
        Command::Completions(_) | Command::Man(_) => false,
        Command::Status | Command::Gate(_) | Command::Verify | Command::History(_) | Command::Manifest(_) => false,
    }
}

/// Whether the answer is all that a command makes.
fn only_tells(command: &Command) -> bool {
    matches!(command, Command::Completions(_) | Command::Status | Command::History(_) | Command::Verify)
}

fn misused(error: &clap::Error, words: &[OsString]) -> Outcome {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return Outcome::Done;
    }
    if !wants_json(words) {
        let _ = error.print();
        return Outcome::Usage;
    }
    let text = error.to_string();
    // How it is used comes after what is wrong with it.
    let wrong = text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim);
    let wrong: Vec<&str> = wrong.filter(|line| !line.is_empty()).collect();
    let message = wrong.join(" ").trim_start_matches("error: ").to_owned();
    let problem = Problem {
        code: "usage".to_owned(),
        message,
        causes: Vec::new(),
        remedy: "see `gantry-installer --help`".to_owned(),
    };
    let reply = Reply { error: Some(problem), ..Reply::new(Outcome::Usage) };
    let _ = reply.write(&typed::command(words), true, false, &Hints::of_program(words));
    reply.outcome
}

fn wants_json(words: &[OsString]) -> bool {
    words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json")
}
