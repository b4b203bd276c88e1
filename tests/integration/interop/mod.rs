//! The installer beside the real engines: each goes on where the other stopped, and neither can tell.
//!
//! The engines are those of `tests/interop`, a program in Go that `tests/run.sh` builds where it can and names in
//! `INTEROP`. Without it the databases that they left in `tests/formats` stand in.

mod alone;
mod conformance;
mod failures;
mod golden;
mod ledgers;
mod picture;
mod programs;
mod readers;
mod wandering;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use programs::Program;
use tempfile::TempDir;

const FORMATS: [&str; 5] = ["golang-migrate", "goose", "dbmate", "sql-migrate", "atlas"];

/// The program that drives the real engines; without it the test says what it skips.
fn driver() -> Option<PathBuf> {
    let driver = std::env::var_os("INTEROP").map(PathBuf::from);
    if driver.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: there is no driver of the real engines (see tests/run.sh)");
    }
    driver
}

/// Who touches a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    Engine,
    Ours,
}

/// A directory of migrations, and databases beside it.
struct Site {
    format: &'static str,
    driver: Option<PathBuf>,
    directory: TempDir,
    has_transactions: bool,
    /// Whether golang-migrate is told to begin no transactions.
    unwrapped: bool,
}

impl Site {
    fn new(format: &'static str, program: &Program, driver: Option<PathBuf>) -> Self {
        let site = Self {
            format,
            driver,
            directory: tempfile::tempdir().unwrap(),
            has_transactions: program.has_transactions(),
            unwrapped: false,
        };
        program.write(format, &site.migrations());
        site
    }

    fn migrations(&self) -> PathBuf {
        self.directory.path().join("migrations")
    }

    fn database(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `command` on a database, by the engine or by us.
    fn run(&self, hand: Hand, database: &Path, command: &[&str]) -> Output {
        match hand {
            Hand::Engine => self.engine(database, command),
            Hand::Ours => {
                // Ours counts downs; the engines' `down` without a number is all.
                let command = if command == ["down"] { &["down", "1000000"] } else { command };
                let options = if self.unwrapped { "?x-no-tx-wrap=true" } else { "" };
                Command::new(env!("CARGO_BIN_EXE_gantry-installer"))
                    .args(["migrate", "--yes", "--format", self.format, "--database"])
                    .arg(format!("sqlite:{}{options}", database.display()))
                    .arg("--dir")
                    .arg(self.migrations())
                    .args(command)
                    .output()
                    .unwrap()
            }
        }
    }

    fn engine(&self, database: &Path, command: &[&str]) -> Output {
        let driver = self.driver.as_ref().unwrap();
        // Files with a transaction of their own run in golang-migrate only with its option for them.
        let alone = self.unwrapped || (self.format == "golang-migrate" && self.has_transactions);
        let engine = if alone { "golang-migrate-no-tx-wrap" } else { self.format };
        let arguments = [engine.as_ref(), database.as_os_str(), self.migrations().as_os_str()].map(ToOwned::to_owned);
        Command::new(driver).args(arguments).args(command).env("TZ", "UTC").output().unwrap()
    }

    fn succeed(&self, hand: Hand, database: &Path, command: &[&str]) {
        let output = self.run(hand, database, command);
        assert!(output.status.success(), "{} {hand:?} {command:?}: {}", self.format, said(&output));
    }

    /// Every command in turn, by the hand that is named with it.
    fn walk(&self, database: &Path, way: &[(Hand, &[&str])]) {
        way.iter().for_each(|(hand, command)| self.succeed(*hand, database, command));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
