//! Upgrades and rollbacks in cycles under writers, the installer killed at random points among them: every acknowledged
//! row is there, or named by a loss ledger that was agreed to.

use crate::gantry_world::{GantryRelease, GantryWorld, Losses};
use crate::tally;

/// Writes a second that are asked for.
const RATE: u32 = 600;
/// How many cycles are made where nobody asks for more; the proof makes a hundred.
const CYCLES: u32 = 3;
/// How many share a world.
const TOGETHER: u64 = 20;

const RELEASES: [GantryRelease; 2] = [GantryRelease::new("1.4.0", 4, &[4, 6]), GantryRelease::new("1.5.0", 6, &[4, 6])];

/// The least that an operation of a run can be, and the most: beyond it there is none.
const POINTS: (u64, u64) = (1, 240);

/// A small generator, so that a cycle that went wrong can be gone again: xorshift64 of G. Marsaglia, 2003.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[derive(Debug, Default)]
struct Runs {
    made: u32,
    killed: u32,
    old: u32,
    new: u32,
    downtimes: Vec<u64>,
}

#[test]
fn no_acknowledged_row_is_lost_in_cycles_with_kills_that_no_ledger_names() {
    let cycles = asked("GANTRY_INSTALLER_CYCLES").unwrap_or(CYCLES.into());
    let seed = asked("GANTRY_INSTALLER_SEED").unwrap_or(0x9E37_79B9_7F4A_7C15);
    println!("{cycles} cycles, seed {seed}");
    let mut dice = Dice(seed);
    let mut runs = Runs::default();
    // What clients write makes every comparison longer.
    for done in (0..cycles).step_by(usize::try_from(TOGETHER).unwrap()) {
        in_one_world(TOGETHER.min(cycles - done), &mut dice, &mut runs);
    }
    assert!(cycles < 10 || runs.killed > 0, "{runs:?}");
    runs.downtimes.sort_unstable();
    println!("{runs:?}");
    tally::row("upgrade, rollback", "kills under load", runs.made.into(), runs.old.into(), runs.new.into());
}

fn in_one_world(cycles: u64, dice: &mut Dice, runs: &mut Runs) {
    let mut world = GantryWorld::installed(&RELEASES);
    let mut losses = Losses::default();
    world.begin_load(RATE);
    world.wait_for_acknowledgements(200);
    for _ in 0..cycles {
        while world.current() == "1.4.0" {
            go(&world, &["upgrade", "--to", "1.5.0", "--yes"], dice, &mut losses, runs);
        }
        let strategy = ["binary", "down", "restore"][usize::try_from(dice.below(3)).unwrap()];
        while world.current() == "1.5.0" {
            go(&world, &["rollback", "--strategy", strategy, "--yes"], dice, &mut losses, runs);
        }
    }
    let load = world.end_load();
    // Fails by itself where more is missing than the ledgers name.
    let found = world.verify(&losses);
    println!("{load:#}\nnamed {losses:?}\n{found:#}");
}

/// Makes a run, kills it now and then and recovers it, and goes on from there until more was written.
fn go(world: &GantryWorld, words: &[&str], dice: &mut Dice, losses: &mut Losses, runs: &mut Runs) {
    let before = (world.current(), world.schema());
    runs.made += 1;
    let answer = match dice.below(2) {
        0 => world.run(words).expect(0),
        _ => world.run_killed(words, POINTS.0 + dice.below(POINTS.1)),
    };
    let killed = answer.code == -1;
    assert!(killed || answer.code == 0, "{words:?}: {answer:#?}");
    if killed {
        runs.killed += 1;
        let recovered = world.run(&["recover"]).expect(0);
        assert_ne!(recovered.json()["outcome"], "bug", "{recovered:#?}");
    }
    let report = world.report();
    let done = (world.current(), world.schema()) != before;
    *(if done { &mut runs.new } else { &mut runs.old }) += 1;
    assert!(done || killed, "{words:?}: {report:#}");
    // A kill before the run was planned leaves the report of the one before, which is counted already.
    if done || report["outcome"] != "done" {
        losses.add_once(&report);
    }
    runs.downtimes.extend(report["downtime_ms"].as_u64().filter(|_| done));
    world.wait_for_acknowledgements(60);
}
