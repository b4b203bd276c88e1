//! `completions` and `man`: what shells and readers of manuals are told, made of the very definition of the command line.

use clap::{Command, CommandFactory as _};

use super::arguments::{self, Arguments};
use super::exit::Outcome;
use super::reply::Reply;
use super::way_out::way_out;
use crate::sys::fs;

/// The script that lets a shell complete commands and flags.
pub fn completions(arguments: &arguments::Completions) -> Reply {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Reply::new(Outcome::Done).with("script", &script).saying(script)
}

/// A manual page for the program and one for each of its commands, as `man` expects them: section 1.
pub fn pages(arguments: &arguments::Man) -> Reply {
    let mut command = Arguments::command();
    command.build();
    let directory = &arguments.directory;
    let mut paths = Vec::new();
    let written = fs::create_dir_all(directory, 0o755).and_then(|()| {
        for (name, page) in all(&command) {
            let path = directory.join(format!("{name}.1"));
            fs::write_durable(&path, &page, 0o644)?;
            paths.push(path);
        }
        Ok(())
    });
    if let Err(error) = written {
        return Reply::failed(
            "man",
            &error,
            way_out(&error, directory, "name a directory that this user may write to"),
        );
    }
    let text = format!("{} manual pages are in {}", paths.len(), directory.display());
    Reply::new(Outcome::Done).with("pages", paths).saying(text)
}

/// The page of a command, and of all below it, by the name of the page.
fn all(command: &Command) -> Vec<(String, Vec<u8>)> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    let below = command.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    std::iter::once((name, page)).chain(below.flat_map(all)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_that_names_it() {
        let mut command = Arguments::command();
        command.build();
        let pages = all(&command);
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"gantry-installer") && names.contains(&"gantry-installer-backup-restore"), "{names:?}");
        for (name, page) in &pages {
            let page = String::from_utf8_lossy(page);
            assert!(page.contains(".SH NAME") && page.contains(&name.replace('-', "\\-")), "{name}: {page}");
        }
    }

    #[test]
    fn every_shell_is_told_every_command() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let shell = clap::ValueEnum::from_str(shell, false).unwrap();
            let reply = completions(&arguments::Completions { shell });
            for command in ["upgrade", "rollback", "recover"] {
                assert!(reply.text.contains(command), "{shell}: {command}");
            }
        }
    }
}
