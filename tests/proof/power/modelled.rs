//! Power cuts in the model: one recording of the calls, and what a file system might leave that promises nothing beyond
//! what was synced. Needs neither a mount nor a device.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use super::dice::Dice;
use super::lies::Lie;
use super::model::change::Change;
use super::model::choice::Left;
use super::model::disk::Disk;
use super::model::rebuild::{differences, rebuild, scan};
use super::record::Recorder;
use super::subject::Subject;
use super::tally::{Effort, Tally};
use super::trace;
use crate::world::World;

/// Records one run of the operation in a directory, and tries what may be left at each of its moments.
pub fn sweep(subject: &Subject, room: &Path, effort: Effort, lie: Option<Lie>, dice: &mut Dice) -> Tally {
    let world = (subject.make)(room);
    let past = subject.past(&world);
    world.kill_service();
    let _ = std::fs::remove_file(world.path("notes.pid"));
    let root = world.path("");
    let (mut disk, numbers) = scan(&root);

    let mut recorder = Recorder::new(&root, numbers, lie);
    let code = trace::run(beginning_with_the_service(&world, subject), &mut recorder);
    world.kill_service();
    trace::reap();
    assert_eq!(code, Some(subject.code()), "{}", subject.name());
    assert_eq!(recorder.lies > 0, lie.is_some(), "{lie:?} covers nothing");
    let changes = recorder.changes;
    check(&disk, &changes, &root);

    let all = moments(&changes, effort.each);
    let mut tally = Tally { passed_over: all.len().saturating_sub(effort.most), ..Tally::default() };
    tally.unknown.extend(recorder.unknown);
    let mut happened = 0;
    let mut seen = HashSet::new();
    for (moment, which) in dice.sample(all, effort.most) {
        changes[happened..moment].iter().for_each(|change| disk.happen(change));
        happened = moment;
        let left = match which {
            0 => Left::least(&disk),
            1 => Left::most(&disk),
            _ => Left::some(&disk, dice),
        };
        let answered = changes.get(moment).is_none().then_some(subject.code());
        if !seen.insert((left.fingerprint(), answered)) {
            tally.passed_over += 1;
            continue;
        }
        rebuild(&left, &disk, &root);
        let verdict = subject.verdict(&world, past.as_deref(), answered);
        world.kill_service();
        trace::reap();
        let last = moment.checked_sub(1).and_then(|last| changes.get(last)).map_or_else(String::new, words);
        tally.count(verdict, &format!("model: after change {moment}, {last}, state {which}"));
    }
    tally
}

/// All kept must be what is there: then the model saw everything.
fn check(disk: &Disk, changes: &[Change], root: &Path) {
    let mut disk = disk.clone();
    changes.iter().for_each(|change| disk.happen(change));
    let found = differences(&Left::most(&disk), &disk, root);
    assert!(found.is_empty(), "the model is not what happened: {found:#?}");
}

/// After so many changes, which of the states: the least, the most, or one by chance.
fn moments(changes: &[Change], each: usize) -> Vec<(usize, usize)> {
    // After the answer more hangs on it.
    let states = |moment| if moment == changes.len() { 2 + 8 * each } else { 2 + each };
    (0..=changes.len()).flat_map(|moment| (0..states(moment)).map(move |which| (moment, which))).collect()
}

/// The service is one of those whose calls are recorded: it settles its database when it is stopped.
fn beginning_with_the_service(world: &World, subject: &Subject) -> Command {
    let installer = world.command(subject.arguments());
    let (binary, database, pid) = (world.path("root/current/bin/notes"), world.database(), world.path("notes.pid"));
    let script = if binary.exists() {
        format!(
            "({} serve --listen 127.0.0.1:{} --database {} --pid-file {pid} &)\n\
             until [ -s {pid} ]; do sleep 0.01; done\nexec \"$@\"",
            binary.display(),
            world.port,
            database.display(),
            pid = pid.display()
        )
    } else {
        "exec \"$@\"".to_owned()
    };
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).arg(installer.get_program()).args(installer.get_args()).env("NO_COLOR", "1");
    command
}

fn words(change: &Change) -> String {
    match change {
        Change::Write { node, offset, bytes } => format!("{} bytes to {node} at {offset}", bytes.len()),
        other => format!("{other:?}"),
    }
}
