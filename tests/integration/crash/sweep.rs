//! One operation, killed at each of its points in turn.

use super::frozen::Frozen;
use super::interrupted::{self, Run};
use super::proof::{self, Stand};
use crate::tally;
use crate::world::{Answer, World, answer};

/// An operation to be killed.
pub struct Sweep {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    /// What it answers when nobody kills it.
    pub code: i32,
    pub old: Stand,
    pub new: Stand,
    /// A command that must still be possible from OLD, and one from NEW, with what they answer.
    pub after_old: (&'static [&'static str], i32),
    pub after_new: (&'static [&'static str], i32),
}

/// Which way the points ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub points: u64,
    pub old: u64,
    pub new: u64,
}

impl Count {
    /// A row of the table.
    pub fn print(&self, operation: &str, fault: &str) {
        tally::row(operation, fault, self.points, self.old, self.new);
    }
}

/// After how many points the machine is used again.
const SAMPLE: u64 = 10;

impl Sweep {
    /// Kills the operation before each of its operations, one world after the other.
    pub fn run(&self, world: World) -> Count {
        self.run_borrowed("kill, seam", 1, &world)
    }

    /// The same for one operation of so many, in a world that is used further, and that gives the fault its name.
    pub fn run_borrowed(&self, fault: &str, every: u64, world: &World) -> Count {
        let frozen = Frozen::of(world);
        let past = Run::last(world).map(|run| run.name);
        let mut count = Count::default();
        loop {
            let world = frozen.thaw();
            let point = count.points * every + 1;
            let Some(operation) = self.killed_at(point, world) else { break };
            let context = format!("{} killed before operation {point}, {operation}", self.name);
            let seen = interrupted::check(world, past.as_deref(), &context);
            let recovered = world.run(&["recover", "--json"]);
            assert_eq!(recovered.code, 0, "{context}: {recovered:#?}");
            count.points += 1;
            self.settle(&seen, world, &context, &mut count);
        }
        count.print(self.name, fault);
        count
    }

    /// Asserts the outcome, counts it, and now and then goes on from it.
    pub fn settle(&self, seen: &interrupted::Seen, world: &World, context: &str, count: &mut Count) {
        let (stand, after) = if self.is_new(world) {
            count.new += 1;
            (&self.new, self.after_new)
        } else {
            count.old += 1;
            (&self.old, self.after_old)
        };
        proof::wholly(stand, seen, world, context);
        if (count.old + count.new).is_multiple_of(SAMPLE) {
            let answer = world.run(after.0);
            assert_eq!(answer.code, after.1, "{context}, then {:?}: {answer:#?}", after.0);
        }
    }

    /// By one sign alone; all others must follow it.
    fn is_new(&self, world: &World) -> bool {
        let version = |stand: &Stand| stand.release.map(|(version, _)| version);
        if version(&self.old) != version(&self.new) {
            return world.current().as_deref() == version(&self.new);
        }
        if let (Some((_, old)), Some((_, new))) = (self.old.release, self.new.release)
            && old != new
        {
            return world.schema() == new;
        }
        if self.old.verdict != self.new.verdict {
            return world.run(&["gate", "--json"]).json()["verdict"] == self.new.verdict;
        }
        let listed = std::fs::read_dir(world.path("backups")).unwrap().map(Result::unwrap);
        listed.filter(|backup| backup.path().join("backup.json").exists()).count() == self.new.backups.len()
    }

    /// The operation before which the process was killed; nothing once the end comes first.
    pub fn killed_at(&self, point: u64, world: &World) -> Option<String> {
        let answer = killed(self.arguments, point, world);
        let operation = fired(&answer, point);
        if operation.is_none() {
            assert_eq!(answer.code, self.code, "{}: {answer:#?}", self.name);
        }
        operation
    }
}

/// Runs the installer so that it dies before its operation `point`.
pub fn killed(arguments: &[&str], point: u64, world: &World) -> Answer {
    let mut command = world.command(arguments);
    command.env("GANTRY_INSTALLER_DIE_AT", point.to_string());
    answer(command)
}

/// The operation before which a fault fired. A process that was killed must say so, and one that was not must not.
pub fn fired(answer: &Answer, point: u64) -> Option<String> {
    let told = format!("killed before operation {point}: ");
    let operation = answer.stderr.lines().find_map(|line| line.strip_prefix(&told)).map(str::to_owned);
    assert_eq!(answer.code == -1, operation.is_some(), "{answer:#?}");
    operation
}
