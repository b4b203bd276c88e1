//! Power cuts in the model: one recording of the calls, and what a file system might leave that promises nothing beyond
//! what was synced. Needs neither a mount nor a device.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use super::dice::Dice;
use super::model::change::Change;
use super::model::choice::Left;
use super::model::disk::Disk;
use super::model::rebuild::{differences, rebuild, scan};
use super::outcome::{Effort, Outcome};
use super::plan::is_careless;
use super::record::Recorder;
use super::settle::settle;
use crate::launcher::Stop;
use crate::operation::Operation;
use crate::stage::Stage;
use crate::sweep::Sweep;
use crate::tracer::{End, Lie, Tracer};

/// Records one run of the operation, and tries what may be left at each of its moments.
pub fn sweep(sweep: &Sweep<'_>, effort: Effort, lies: &[Lie], dice: &mut Dice) -> Outcome {
    let Sweep { operation, stage, expected, .. } = sweep;
    let root = stage.world.path("");
    stage.restore();
    switch_off(stage);
    serve_directly(stage, operation);
    let (mut disk, numbers) = scan(&root);
    let mut recorder = Recorder::new(numbers);
    let trace = Tracer::of(&root).lies(lies).witnessed(&with_its_service(stage, operation), &mut recorder);
    switch_off(stage);
    assert_eq!(trace.end, End::Exited(operation.code), "{}: {trace:#?}", operation.name);
    assert_eq!(trace.lies > 0, !lies.is_empty(), "{}: {lies:?} covers nothing", operation.name);
    let changes = recorder.changes;
    check(&disk, &changes, &root);

    let mut all = moments(&changes, effort.each);
    if is_careless(operation) {
        all.retain(|(moment, _)| *moment == changes.len());
    }
    let mut outcome = Outcome::passing_over(all.len().saturating_sub(effort.most));
    outcome.unmodelled.extend(trace.unmodelled.into_iter().chain(recorder.unknown));
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
        let answered = (moment == changes.len()).then_some(operation.code);
        if !seen.insert((left.fingerprint(), answered)) {
            outcome.row.passed_over += 1;
            continue;
        }
        rebuild(&left, &disk, &root);
        let verdict = settle(stage, expected, answered, &sweep.ends);
        switch_off(stage);
        let last = moment.checked_sub(1).map_or_else(String::new, |last| words(&changes[last]));
        outcome.count(verdict, &format!("model: after change {moment}, {last}, state {which}"));
    }
    outcome
}

/// Without the manager outside: the service is one of those whose calls are recorded.
fn serve_directly(stage: &Stage, operation: &Operation) {
    let world = &stage.world;
    let (d, pid) = (world.path("").display().to_string(), world.path("notes.pid").display().to_string());
    let signal = if operation.stop == Stop::Kill { "KILL" } else { "TERM" };
    let is_ours = format!("grep -aqs {d} /proc/$(cat {pid})/cmdline");
    let installer = env!("CARGO_BIN_EXE_gantry-installer");
    let port = world.port;
    world.service_by(&format!(
        r#"manager = "command"
start = ["{installer}", "--config", "{d}/installer.toml", "gate", "--", "{{binary}}", "serve", "--database", "{{database}}", "--listen", "127.0.0.1:{port}", "--pid-file", "{pid}"]
stop = ["sh", "-c", "if {is_ours}; then kill -{signal} $(cat {pid}); fi"]
status = ["sh", "-c", "{is_ours}"]
pid_file = "{pid}"
stop_timeout = "20s""#
    ));
}

fn switch_off(stage: &Stage) {
    stage.stop();
    stage.world.kill_service();
    super::reap();
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

/// The service is there first, and settles its database when it is stopped.
fn with_its_service(stage: &Stage, operation: &Operation) -> Command {
    let world = &stage.world;
    let installer = world.command(operation.arguments);
    let start = match world.current() {
        None => String::new(),
        Some(_) => format!(
            "({} serve --listen 127.0.0.1:{} --database {} --pid-file {pid} &)\nuntil [ -s {pid} ]; do sleep 0.01; done\n",
            world.path("root/current/bin/notes").display(),
            world.port,
            world.database().display(),
            pid = world.path("notes.pid").display(),
        ),
    };
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{start}exec \"$@\""), "sh"]).env("NO_COLOR", "1");
    command.arg(installer.get_program()).args(installer.get_args());
    command
}

fn words(change: &Change) -> String {
    match change {
        Change::Write { node, offset, bytes } => format!("{} bytes to {node} at {offset}", bytes.len()),
        other => format!("{other:?}"),
    }
}
