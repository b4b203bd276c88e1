//! Databases that the engines made, kept in `tests/formats`: for machines without Go. With `INTEROP` set they are
//! compared with what the engines make now, and with `WRITE_GOLDEN` set they are written anew.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::picture::{dump, picture};
use super::programs::plain;
use super::{FORMATS, Hand, Site, driver};

/// The states that are kept, and how an engine gets there.
const STATES: [(&str, &[&[&str]]); 4] = [
    ("up-3", &[&["up", "3"]]),
    ("up", &[&["up"]]),
    ("up-and-down-2", &[&["up"], &["down", "2"]]),
    ("down-to-nothing", &[&["up"], &["down"]]),
];

fn states(format: &str) -> impl Iterator<Item = (&'static str, &'static [&'static [&'static str]])> {
    let ups_only = format == "atlas";
    STATES.into_iter().filter(move |(name, _)| !ups_only || !name.contains("down"))
}

fn golden(format: &str, state: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(format).join(format!("{state}.sql"))
}

fn restore(format: &str, state: &str, database: &Path) {
    let text = fs::read_to_string(golden(format, state)).unwrap();
    Connection::open(database).unwrap().execute_batch(&text).unwrap();
}

#[test]
fn the_golden_databases_are_those_that_the_engines_make() {
    let Some(driver) = driver() else { return };
    for format in FORMATS {
        let site = Site::new(format, &plain(), Some(driver.clone()));
        for (state, commands) in states(format) {
            let (made, kept) = (site.database(&format!("{state}.db")), site.database(&format!("{state}-kept.db")));
            commands.iter().for_each(|command| site.succeed(Hand::Engine, &made, command));
            if std::env::var_os("WRITE_GOLDEN").is_some() {
                fs::create_dir_all(golden(format, state).parent().unwrap()).unwrap();
                fs::write(golden(format, state), dump(&made)).unwrap();
            }
            restore(format, state, &kept);
            assert_eq!(picture(&kept), picture(&made), "{format}, {state}");
        }
    }
}

#[test]
fn we_leave_what_the_engine_left_and_go_on_from_there() {
    for format in FORMATS {
        let site = Site::new(format, &plain(), None);
        let whole = site.database("whole.db");
        site.succeed(Hand::Ours, &whole, &["up"]);
        for (state, commands) in states(format) {
            let (ours, theirs) = (site.database(&format!("{state}.db")), site.database(&format!("{state}-kept.db")));
            commands.iter().for_each(|command| site.succeed(Hand::Ours, &ours, command));
            restore(format, state, &theirs);
            assert_eq!(picture(&ours), picture(&theirs), "{format}, {state}");
            for command in
                [&["up"] as &[&str], &["down"]].iter().filter(|command| format != "atlas" || command[0] == "up")
            {
                for database in [&ours, &theirs] {
                    site.succeed(Hand::Ours, database, command);
                }
                assert_eq!(picture(&ours), picture(&theirs), "{format}, {state}, then {command:?}");
            }
        }
    }
}
