//! The power cuts as jobs: one operation under one harness each, in a process with namespaces of its own, with which its
//! mounts, its devices and its processes end.

use std::fmt;
use std::process::{Command, ExitCode, Stdio};

use super::dice::Dice;
use super::filesystem::Flavour;
use super::machine::Machine;
use super::outcome::{Effort, Outcome};
use super::plan::operations;
use super::{godown, modelled, unplugged};
use crate::operation::{Operation, Size};
use crate::sweep::Sweep;
use crate::tracer::Lie;

/// Where the power is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harness {
    /// Before a system call.
    Call(Flavour),
    /// At a moment of the disk.
    Disk(Flavour),
    /// In the model.
    Model,
}

/// Bugs that a harness must find, by their name.
pub const LIES: [(&str, Lie); 4] = [
    ("new-database", Lie::NoSyncOf("1.1.0.new")),
    ("directories", Lie::NoDirectorySync),
    ("journal", Lie::NoSyncOf("/journal")),
    ("everything", Lie::NoSync),
];

/// One operation under one harness.
#[derive(Clone, Copy)]
pub struct Job {
    pub operation: &'static Operation,
    pub size: Size,
    pub harness: Harness,
    pub lie: Option<usize>,
    pub effort: Effort,
    pub seed: u64,
}

impl fmt::Display for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(flavour) => write!(f, "call {flavour}"),
            Self::Disk(flavour) => write!(f, "disk {flavour}"),
            Self::Model => write!(f, "model"),
        }
    }
}

impl Harness {
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "call" => Some(Self::Call(Flavour::parse(rest)?)),
            "disk" => Some(Self::Disk(Flavour::parse(rest)?)),
            "model" => Some(Self::Model),
            _ => None,
        }
    }
}

impl Job {
    /// The seeded bug, if it has one.
    pub fn lie(&self) -> Option<(&'static str, Lie)> {
        self.lie.and_then(|lie| LIES.get(lie).copied())
    }

    /// Its fault in the table.
    pub fn fault(&self) -> String {
        let lie = self.lie().map_or_else(String::new, |(name, _)| format!(", bug {name}"));
        format!("power, {}{lie}", self.harness)
    }

    /// The words that a process of its own is told.
    pub fn words(&self) -> Vec<String> {
        let size = if self.size == Size::Large { "large" } else { "small" };
        let lie = self.lie().map_or("none", |(name, _)| name);
        let Effort { each, most } = self.effort;
        let numbers = [each.to_string(), most.to_string(), self.seed.to_string()];
        [self.operation.name.to_owned(), size.to_owned(), self.harness.to_string(), lie.to_owned()]
            .into_iter()
            .chain(numbers)
            .collect()
    }

    fn parse(words: &[String]) -> Option<Self> {
        let [operation, size, harness, lie, each, most, seed] = words else { return None };
        Some(Self {
            operation: operations().find(|one| one.name == operation)?,
            size: if size == "large" { Size::Large } else { Size::Small },
            harness: Harness::parse(harness)?,
            lie: LIES.iter().position(|(name, _)| name == lie),
            effort: Effort { each: each.parse().ok()?, most: most.parse().ok()? },
            seed: seed.parse().ok()?,
        })
    }

    /// Does it in a process of its own. Only root may have namespaces, and only the model needs none.
    ///
    /// # Errors
    /// The harness failed: its words.
    pub fn run(&self) -> Result<Outcome, String> {
        let own = std::env::current_exe().unwrap();
        let mut command = if rustix::process::geteuid().is_root() {
            // Ends with this one, however this one ends.
            let mut alone = Command::new("setpriv");
            alone.args(["--pdeathsig", "KILL", "unshare"]);
            alone.args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]).arg(own);
            alone
        } else {
            Command::new(own)
        };
        command.arg("power-job").args(self.words()).stdin(Stdio::null());
        let output = command.output().map_err(|error| error.to_string())?;
        let heard = Outcome::hear(&String::from_utf8_lossy(&output.stdout));
        heard.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn perform(&self) -> Outcome {
        let room = tempfile::tempdir_in(crate::frozen::quick()).unwrap();
        let mut dice = Dice::of(self.seed, self.words().concat().len() as u64);
        let lies: Vec<Lie> = self.lie().map(|(_, lie)| lie).into_iter().collect();
        let machine = |flavour| Machine::make(self.operation, self.size, flavour, room.path());
        match self.harness {
            Harness::Call(flavour) => godown::sweep(&machine(flavour), self.effort, &lies, &mut dice),
            Harness::Disk(flavour) => unplugged::sweep(&machine(flavour), self.effort, &lies, &mut dice),
            Harness::Model => {
                modelled::sweep(&Sweep::of(self.operation, self.size, room.path()), self.effort, &lies, &mut dice)
            }
        }
    }
}

/// The process of a job.
pub fn perform(words: &[String]) -> Result<ExitCode, String> {
    let job = Job::parse(words).ok_or_else(|| format!("no job: {words:?}"))?;
    print!("{}", job.perform().tell());
    Ok(ExitCode::SUCCESS)
}
