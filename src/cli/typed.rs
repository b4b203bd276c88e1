//! Which command was meant by a command line that cannot be understood, or was not come to.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::arguments::Arguments;

/// The words of the command, such as `backup create`; empty where there is none among the known ones.
pub fn command(words: &[OsString]) -> String {
    let root = Arguments::command();
    let (mut at, mut names) = (&root, Vec::new());
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if let Some(flag) = word.strip_prefix("--") {
            let of = |command: &clap::Command| {
                let named = command.get_arguments().find(|argument| argument.get_long() == Some(flag));
                named.map(|argument| argument.get_action().takes_values())
            };
            if of(at).or_else(|| of(&root)) == Some(true) {
                words.next();
            }
        } else if let Some(verb) = at.find_subcommand(word) {
            names.push(verb.get_name());
            at = verb;
        }
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_told_from_what_belongs_to_its_flags() {
        let of = |line: &str| command(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("g upgrade --json --nope"), "upgrade");
        assert_eq!(of("g --config status backup --json create"), "backup create");
        assert_eq!(of("g --config=status migrate --dir up down x"), "migrate down");
        assert_eq!(of("g --json"), "");
        assert_eq!(of("g gate -- status"), "gate");
    }
}
