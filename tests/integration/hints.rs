//! Commands that answers name: each can be typed, and works as it stands.

use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use clap::error::ErrorKind;
use gantry_installer::cli::arguments::Arguments;

use crate::world::{Answer, NEW, OLD, Release, World, answer};

const OPENING: &str = "`gantry-installer ";

/// The commands in backticks that begin so.
fn named(words: &str, opening: &str) -> Vec<String> {
    let after = words.split(opening).skip(1);
    after.filter_map(|rest| rest.split_once('`')).map(|(command, _)| command.to_owned()).collect()
}

/// What is filled in while the program runs becomes a version, which everything takes but a verb.
fn filled(command: &str) -> String {
    let mut filled = String::new();
    let mut rest = command;
    while let Some((before, inside)) = rest.split_once('{') {
        let (_, after) = inside.split_once('}').unwrap_or_default();
        let is_word = before.ends_with(' ') && (after.is_empty() || after.starts_with([' ', '{']));
        filled += before;
        filled += if is_word { "1.2.3" } else { "" };
        rest = after;
    }
    (filled + rest).replace("VERSION", "1.2.3").replace("--strategy 1.2.3", "--strategy down")
}

#[test]
fn every_command_that_a_message_names_can_be_typed() {
    let mut waiting = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut typed = 0;
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // A text goes on in the next line of the source after a backslash.
        let lines: Vec<&str> = text.lines().map(|line| line.trim().trim_end_matches('\\')).collect();
        let code = lines.into_iter().filter(|line| !line.starts_with("//")).collect::<String>();
        for command in named(&code, OPENING) {
            let command = filled(&command);
            let words: Vec<&str> = std::iter::once("gantry-installer").chain(command.split_whitespace()).collect();
            // Where the verb itself is filled in, or a test makes a hint of its own.
            if words.get(1).is_some_and(|verb| verb.starts_with(|first: char| first.is_ascii_lowercase())) {
                typed += 1;
                // What is missing is what whoever typed the same command has typed: it is carried over.
                if let Err(error) = Arguments::try_parse_from(&words) {
                    let is_fine = matches!(error.kind(), ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelp);
                    assert!(is_fine, "{}: {command}: {error}", path.display());
                }
            }
        }
    }
    assert!(typed > 80, "only {typed} commands were found");
}

/// The installer with a configuration whose name a shell would split.
fn run(world: &World, arguments: &[&str]) -> Answer {
    let config = world.path("my installer.toml");
    std::fs::copy(world.path("installer.toml"), &config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry-installer"));
    command.arg("--config").arg(config).args(arguments).env("NO_COLOR", "1").stdin(std::process::Stdio::null());
    answer(command)
}

/// Types the command of an answer that has these words, as it stands there, and agrees to it.
#[track_caller]
fn paste(said: &Answer, with: &str, more: &str) -> Answer {
    let all = format!("{}{}", said.stdout, said.stderr);
    let commands = named(&all, &format!("`{} ", env!("CARGO_BIN_EXE_gantry-installer")));
    let command = commands.iter().find(|command| command.contains(with));
    let command = command.unwrap_or_else(|| panic!("no `{with}` in {commands:?} of {said:#?}"));
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{} {command} {more}", env!("CARGO_BIN_EXE_gantry-installer")));
    answer(shell)
}

#[test]
fn a_command_that_an_answer_names_works_when_it_is_pasted() {
    let world = World::with(&[OLD, NEW, Release::new("1.2.0", 3, &[3]).mode("dies-at-once")]);
    paste(&run(&world, &["status"]), "install", "--to 1.0 --yes").expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    paste(&run(&world, &["upgrade", "--to", "1.1.7"]).expect(3), "upgrade --to 1.1.0", "--yes").expect(0);
    world.stands_at("1.1.0", 2);
    let failed = run(&world, &["upgrade", "--yes"]).expect(4);
    paste(&failed, "upgrade --to 1.2.0 --retry", "--yes").expect(4);
    paste(&run(&world, &["status"]), "upgrade --to 1.2.0 --retry", "--dry-run").expect(0);
    paste(&run(&world, &["upgrade", "--to", "1.0", "--yes"]).expect(3), "rollback --to 1.0.0", "--yes").expect(0);
    paste(&run(&world, &["rollback", "--to", "1.1", "--yes"]).expect(3), "upgrade --to 1.1", "--yes").expect(0);
    paste(&run(&world, &["backup", "verify", "none"]).expect(3), "backup list", "").expect(0);
    paste(&run(&world, &["history", "none"]).expect(3), "history", "").expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_command_of_the_same_family_is_about_the_same_files() {
    let world = World::with(&[]);
    let migrations = world.path("my migrations");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    std::fs::create_dir(&migrations).unwrap();
    let new = run(&world, &["migrate", "--dir", &text(&migrations), "new", "more tags"]).expect(3);
    paste(&new, "migrate new more_tags", "").expect(0);
    assert_eq!(std::fs::read_dir(&migrations).unwrap().count(), 2);
    let manifest = text(&world.path("my manifest.toml"));
    let begun = run(&world, &["manifest", "new", "--product", "notes", "--manifest", &manifest]).expect(0);
    assert!(
        begun.stdout.contains(&format!("manifest add ARCHIVE --target TRIPLE --manifest '{manifest}'`")),
        "{begun:#?}"
    );
}
