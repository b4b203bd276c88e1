//! The commands that an answer names, made complete: each works when it is pasted as it stands.
//!
//! Whoever writes a hint, down to what a run records for later, names a command as `` `gantry-installer VERB …` `` in
//! backticks, and knows nothing of how this one was called. Here, and nowhere else, such a command gets the program as it
//! was called, the configuration, and the options that say what the command is about.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};

use super::arguments::Arguments;
use super::typed;

/// How hints begin a command; the closing backtick ends it.
const OPENING: &str = "`gantry-installer ";
const PROGRAM: &str = "gantry-installer";
/// Options of a command that say how it goes about it, and not what it is about: who reads a hint decides them anew.
/// `strategy` is what a rollback's hints are about.
const NOT_CARRIED: [&str; 12] =
    ["config", "json", "events", "verbose", "quiet", "help", "yes", "dry_run", "retry", "strategy", "lock", "generate"];
/// Options that all commands of a family share.
const FAMILIES: [(&str, &[&str]); 2] = [("migrate", &["database", "dir", "format"]), ("manifest", &["manifest"])];

/// What was typed, as far as a command that is named to the same person needs it.
#[derive(Debug)]
pub struct Hints {
    program: String,
    config: Option<String>,
    /// The command in words, such as `migrate up`.
    verb: Vec<String>,
    /// Its options that were typed, by their names without dashes.
    options: Vec<(String, Vec<String>)>,
}

impl Hints {
    /// Of a command line that was understood.
    pub fn of(words: &[OsString], matches: &ArgMatches) -> Self {
        let mut hints = Self::of_program(words);
        // Whether it was typed or comes from the environment: the next shell may not have that.
        let told = matches.value_source("config") != Some(ValueSource::DefaultValue);
        hints.config = raw(matches, "config").pop().filter(|_| told);
        let mut at = matches;
        while let Some((verb, deeper)) = at.subcommand() {
            hints.verb.push(verb.to_owned());
            at = deeper;
        }
        for id in at.ids().map(clap::Id::as_str) {
            let typed = at.try_contains_id(id).is_ok() && at.value_source(id) == Some(ValueSource::CommandLine);
            if typed && !NOT_CARRIED.contains(&id) {
                hints.options.push((id.to_owned(), raw(at, id)));
            }
        }
        hints
    }

    /// Where nothing is known but how the program was called.
    pub fn of_program(words: &[OsString]) -> Self {
        // A name without a slash was found by a search that finds it again.
        let called = words.first().map(|word| word.to_string_lossy().into_owned()).filter(|word| word.contains('/'));
        Self {
            program: called.unwrap_or_else(|| PROGRAM.to_owned()),
            config: None,
            verb: Vec::new(),
            options: Vec::new(),
        }
    }

    /// The text with every command in it made complete.
    pub fn complete(&self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, command, after)) = next(rest) {
            whole.push_str(before);
            whole.push_str(&format!("`{}`", self.whole(command)));
            rest = after;
        }
        whole + rest
    }

    /// One command, given without the program's name.
    fn whole(&self, command: &str) -> String {
        let mut parts = vec![quoted(&self.program)];
        let names = |option: &str| command.split(' ').any(|word| word == format!("--{option}"));
        if let Some(config) = self.config.as_ref().filter(|_| !names("config")) {
            parts.extend(["--config".to_owned(), quoted(config)]);
        }
        parts.push(command.to_owned());
        let all: Vec<OsString> = std::iter::once(PROGRAM).chain(command.split(' ')).map(OsString::from).collect();
        let verb = typed::command(&all);
        let mut root = Arguments::command();
        root.build();
        let leaf = verb.split(' ').try_fold(&root, |at, word| at.find_subcommand(word));
        for argument in leaf.iter().flat_map(|leaf| leaf.get_arguments()) {
            let (Some(option), id) = (argument.get_long(), argument.get_id().as_str()) else { continue };
            let typed = self.options.iter().find(|(typed, _)| typed == id);
            let Some((_, values)) = typed.filter(|_| self.is_carried(id, &verb) && !names(option)) else { continue };
            parts.push(format!("--{option}"));
            if argument.get_action().takes_values() {
                parts.push(quoted(&values.join(",")));
            }
        }
        parts.join(" ")
    }

    fn is_carried(&self, id: &str, verb: &str) -> bool {
        let shared = |(family, ids): &(&str, &[&str])| {
            self.verb.first().is_some_and(|first| first == family)
                && verb.split(' ').next() == Some(*family)
                && ids.contains(&id)
        };
        verb == self.verb.join(" ") || FAMILIES.iter().any(shared)
    }
}

/// What stands before the next command, the command without the program's name, and what stands after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPENING)?;
    let (command, after) = rest.split_once('`')?;
    Some((before, command, after))
}

/// The values as they were typed.
fn raw(matches: &ArgMatches, id: &str) -> Vec<String> {
    let values = matches.try_get_raw(id).ok().flatten();
    values.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect()
}

/// A word as a POSIX shell takes it for one: 2.2.2, single-quotes.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_@%+=:,./-".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
