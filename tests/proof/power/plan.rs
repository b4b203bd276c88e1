//! Which power cuts are tried, and which lies must be found.

use super::filesystem::{Kind, TUNED};
use super::jobs::{Harness, Job, LIES};
use super::outcome::Effort;
use crate::operation::{Operation, Size};
use crate::operations::OPERATIONS;
use crate::scope::LARGE_IN_A_SAMPLE;
use crate::world::{NEW, OLD};

/// How thorough a proof is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// A sample, within minutes: another one with another seed.
    Quick,
    /// Every point, within hours.
    Full,
}

/// An upgrade from a release whose service never syncs what it writes, last of all when it is stopped. What is lost of that
/// before the installer answers is the service's own affair; the backup that is listed then is not.
const CARELESS: Operation = Operation {
    name: "upgrade-careless",
    releases: || {
        let words = "writes 1 PRAGMA synchronous = OFF\nwrites-at-stop PRAGMA user_version = 7";
        vec![OLD.mode(words), NEW]
    },
    ..OPERATIONS[1]
};

/// Whether only what stands after the answer counts.
pub fn is_careless(operation: &Operation) -> bool {
    operation.name == CARELESS.name
}

/// All operations that a power cut is tried on.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain([&CARELESS])
}

const EVERY: usize = usize::MAX;

/// All jobs, those with a lie last.
pub fn jobs(how: Thoroughness, seed: u64) -> Vec<Job> {
    let mut jobs = match how {
        Thoroughness::Quick => sample(seed),
        Thoroughness::Full => everything(seed),
    };
    jobs.push(job(&CARELESS, Harness::Model, 2, EVERY, seed));
    jobs.extend(lies(seed));
    jobs
}

fn sample(seed: u64) -> Vec<Job> {
    let real = [
        Harness::Call(Kind::Ext4.plain()),
        Harness::Disk(Kind::Btrfs.plain()),
        Harness::Call(Kind::Xfs.plain()),
        Harness::Disk(Kind::Ext4.plain()),
        Harness::Disk(Kind::Xfs.plain()),
    ];
    let turn = usize::try_from(seed % 5).unwrap_or_default();
    let both = |(number, operation)| {
        let harness = real[(number + turn) % real.len()];
        [job(operation, Harness::Model, 2, 24, seed), job(operation, harness, 2, 10, seed)]
    };
    // What is brought to the disk while it is copied has the length of several portions.
    let large = OPERATIONS.iter().filter(|operation| operation.name == LARGE_IN_A_SAMPLE);
    let large = large
        .map(|operation| Job { size: Size::Large, ..job(operation, Harness::Call(Kind::Ext4.plain()), 0, 4, seed) });
    OPERATIONS.iter().enumerate().flat_map(both).chain(large).collect()
}

fn everything(seed: u64) -> Vec<Job> {
    let plain = Kind::ALL.map(Kind::plain);
    let mut jobs = Vec::new();
    for operation in OPERATIONS {
        jobs.push(job(operation, Harness::Model, 2, EVERY, seed));
        jobs.extend(plain.map(|flavour| job(operation, Harness::Disk(flavour), 1, EVERY, seed)));
        let cut = plain.into_iter().filter(|flavour| flavour.kind.goes_down());
        jobs.extend(cut.clone().map(|flavour| job(operation, Harness::Call(flavour), 0, EVERY, seed)));
        jobs.extend(TUNED.map(|flavour| match flavour.discards() {
            true => job(operation, Harness::Call(flavour), 0, 30, seed),
            false => job(operation, Harness::Disk(flavour), 1, 30, seed),
        }));
        let large = cut.map(|flavour| job(operation, Harness::Call(flavour), 0, 20, seed));
        let large = large.chain([job(operation, Harness::Disk(Kind::Btrfs.plain()), 1, 20, seed)]);
        if Size::Large.fits(operation) {
            jobs.extend(large.map(|job| Job { size: Size::Large, ..job }));
        }
    }
    jobs
}

/// Each harness on each file system must find that nothing is durable, and the model each single bug as well. What a file
/// system makes good by itself no harness on it can find.
fn lies(seed: u64) -> Vec<Job> {
    let Some(upgrade) = OPERATIONS.iter().find(|one| one.name == "upgrade") else { return Vec::new() };
    let all = LIES.len() - 1;
    let modelled = (0..LIES.len()).map(|lie| (Harness::Model, lie, 60));
    let disks = Kind::ALL.map(|kind| (Harness::Disk(kind.plain()), all, 12));
    let calls = [Kind::Ext4, Kind::Xfs].map(|kind| (Harness::Call(kind.plain()), all, 12));
    let tried = modelled.chain(disks).chain(calls);
    tried.map(|(harness, lie, most)| Job { lie: Some(lie), ..job(upgrade, harness, 2, most, seed) }).collect()
}

fn job(operation: &'static Operation, harness: Harness, each: usize, most: usize, seed: u64) -> Job {
    Job { operation, size: Size::Small, harness, lie: None, effort: Effort { each, most }, seed }
}
