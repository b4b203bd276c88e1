//! Power cuts as a disk sees them: all up to a flush, and any part of what came later.

use std::fs::File;

use super::blocks::Disk;
use super::crashes::{self, Crash, Told};
use super::dice::Dice;
use super::machine::Machine;
use super::outcome::{Effort, Outcome};
use crate::tracer::Lie;

/// Records one run of the operation on a disk, and tries what the disk may hold at each of its moments.
pub fn sweep(machine: &Machine<'_>, effort: Effort, lies: &[Lie], dice: &mut Dice) -> Outcome {
    let told = record(machine, lies);
    let all = crashes::all(&told, effort.each, dice);
    let mut outcome = Outcome::passing_over(all.len().saturating_sub(effort.most));
    let flushed = machine.disk("flushed");
    let flushed_file = File::options().write(true).open(&flushed).unwrap();
    let mut written = 0;
    for crash in dice.sample(all, effort.most) {
        crashes::write(&told[written..crash.flushed], &flushed_file);
        written = crash.flushed;
        let image = machine.copy(&flushed, "image");
        crashes::write_also(&told, &crash, &File::options().write(true).open(&image).unwrap());
        let verdict = machine.verdict(&image, crash.answered.then_some(machine.operation.code));
        outcome.count(verdict, &format!("{}: {}", machine.flavour, tell(&crash, &told)));
    }
    outcome
}

/// What the disk is told from the mount on.
fn record(machine: &Machine<'_>, lies: &[Lie]) -> Vec<Told> {
    let served = machine.room.join("disk");
    let disk = Disk::serve(&machine.disk("recorded"), &served);
    let mounted = machine.mount(&served).unwrap();
    machine.boot();
    disk.mark();
    machine.run(lies);
    disk.mark();
    machine.switch_off(mounted);
    disk.take_out()
}

fn tell(crash: &Crash, told: &[Told]) -> String {
    let Crash { flushed, also, answered } = crash;
    let answered = if *answered { ", after the answer" } else { "" };
    format!("{flushed} of {} kept, and {} parts of later writes{answered}", told.len(), also.len())
}
