//! What the sweeps of these tests tried, for the table of the proof: a line each, in a file that the environment names.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Where a command left the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Old,
    New,
}

/// So many points of one operation with one fault were tried, all of them well.
pub fn row(operation: &str, fault: &str, points: u64, old: u64, new: u64) {
    println!("{operation:<30} {fault:<30} {points:>4} points {old:>4} OLD {new:>4} NEW");
    let Some(path) = std::env::var_os("GANTRY_INSTALLER_TALLY") else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    // One write, as other tests write into it as well.
    file.write_all(format!("{operation}|{fault}|{points}|{old}|{new}\n").as_bytes()).unwrap();
}

/// One of them.
pub fn point(operation: &str, fault: &str, end: End) {
    row(operation, fault, 1, u64::from(end == End::Old), u64::from(end == End::New));
}

/// One point of so many is tried, or as many as the environment says: the proof tries all.
pub fn every(usual: u64) -> u64 {
    std::env::var("GANTRY_INSTALLER_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
