//! Power cuts as a disk sees them: all up to a flush, and any part of what came later.

use std::fs::File;

use super::blocks::Disk;
use super::crashes::{self, Crash, Told};
use super::dice::Dice;
use super::filesystem::Flavour;
use super::lies::{Liar, Lie};
use super::machine::Machine;
use super::subject::{Verdict, boot};
use super::tally::{Effort, Tally};
use super::trace;

/// Records one run of the operation on a disk, and tries what the disk may hold at each of its moments.
pub fn sweep(machine: &Machine<'_>, effort: Effort, lie: Option<Lie>, dice: &mut Dice) -> Tally {
    let (told, code) = record(machine, lie);
    let all = crashes::all(&told, effort.each, dice);
    let mut tally = Tally { passed_over: all.len().saturating_sub(effort.most), ..Tally::default() };
    let flushed = machine.disk("flushed");
    let flushed_file = File::options().write(true).open(&flushed).unwrap();
    let mut written = 0;
    for crash in dice.sample(all, effort.most) {
        crashes::write(&told[written..crash.flushed], &flushed_file);
        written = crash.flushed;
        let image = machine.copy(&flushed, "image");
        crashes::write_also(&told, &crash, &File::options().write(true).open(&image).unwrap());
        let verdict = match machine.mount(&image) {
            Ok(mounted) => {
                let verdict = machine.verdict(crash.answered.then_some(code));
                machine.switch_off(mounted);
                verdict
            }
            Err(words) => Verdict::Bad(format!("the file system did not come back: {words}")),
        };
        tally.count(verdict, &tell(&crash, &told, machine.flavour));
    }
    tally
}

/// What the disk is told from the mount on, and the exit code.
fn record(machine: &Machine<'_>, lie: Option<Lie>) -> (Vec<Told>, i32) {
    let served = machine.room.join("disk");
    let disk = Disk::serve(&machine.disk("recorded"), &served);
    let mounted = machine.mount(&served).unwrap();
    boot(&machine.world);
    disk.mark();
    let mut liar = Liar { lie, told: 0 };
    let code = trace::run(machine.world.command(machine.subject.arguments()), &mut liar);
    disk.mark();
    assert_eq!(code, Some(machine.subject.code()), "{}", machine.subject.name());
    assert_eq!(liar.told > 0, lie.is_some(), "{lie:?} covers nothing");
    machine.switch_off(mounted);
    (disk.take_out(), machine.subject.code())
}

fn tell(crash: &Crash, told: &[Told], flavour: Flavour) -> String {
    let Crash { flushed, also, answered } = crash;
    let answered = if *answered { ", after the answer" } else { "" };
    format!("{flavour}: {flushed} of {} kept, and {} parts of later writes{answered}", told.len(), also.len())
}
