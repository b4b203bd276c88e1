//! Power cuts at a system call: everything dies before it, and the file system loses what was not on its disk.

use std::path::{Path, PathBuf};

use super::dice::Dice;
use super::lies::Lie;
use super::machine::Machine;
use super::subject::{Verdict, boot};
use super::tally::{Effort, Tally};
use super::trace::{self, Call, Fate, Watcher};

/// Cuts the power before calls of the operation, and once after its answer.
pub fn sweep(machine: &Machine<'_>, effort: Effort, lie: Option<Lie>, dice: &mut Dice) -> Tally {
    let all = points(machine, lie);
    let mut tally = Tally { passed_over: all.len().saturating_sub(effort.most), ..Tally::default() };
    for (number, name) in dice.sample(all, effort.most) {
        let (verdict, fired) = cut(machine, number, lie);
        let point = fired.map_or_else(|| "after its answer".to_owned(), |call| format!("before call {number}, {call}"));
        tally.count(verdict, &format!("{}: {point} ({name} when it was counted)", machine.flavour));
    }
    let (verdict, fired) = cut(machine, usize::MAX, lie);
    assert_eq!(fired, None, "nothing is cut after the last call");
    tally.count(verdict, &format!("{}: after its answer", machine.flavour));
    tally
}

/// The calls of one run, by number and name.
fn points(machine: &Machine<'_>, lie: Option<Lie>) -> Vec<(usize, String)> {
    let mounted = machine.mount(&machine.disk("image")).unwrap();
    boot(&machine.world);
    let mut knife = Knife { at: usize::MAX, lie, mount: machine.mount.clone(), seen: Vec::new() };
    let code = trace::run(machine.world.command(machine.subject.arguments()), &mut knife);
    machine.switch_off(mounted);
    assert_eq!(code, Some(machine.subject.code()), "{}", machine.subject.name());
    knife.seen.into_iter().enumerate().map(|(number, name)| (number + 1, name)).collect()
}

/// One cut; the call before which it came, or none where the operation had answered before.
fn cut(machine: &Machine<'_>, at: usize, lie: Option<Lie>) -> (Verdict, Option<String>) {
    let image = machine.disk("image");
    let mounted = machine.mount(&image).unwrap();
    boot(&machine.world);
    let mut knife = Knife { at, lie, mount: machine.mount.clone(), seen: Vec::new() };
    let code = trace::run(machine.world.command(machine.subject.arguments()), &mut knife);
    mounted.cut_power();
    machine.switch_off(mounted);
    let fired = (knife.seen.len() == at).then(|| knife.seen.pop().unwrap_or_default());
    match (code, &fired) {
        (None, Some(_)) => {}
        (Some(code), None) => assert_eq!(code, machine.subject.code(), "{}", machine.subject.name()),
        other => panic!("{other:?}: what was cut does not answer, and what was not does"),
    }
    let verdict = match machine.mount(&image) {
        Ok(mounted) => {
            let verdict = machine.verdict(code);
            machine.switch_off(mounted);
            verdict
        }
        Err(words) => Verdict::Bad(format!("the file system did not come back: {words}")),
    };
    (verdict, fired)
}

/// Counts the calls on the disk, and cuts before one.
struct Knife {
    at: usize,
    lie: Option<Lie>,
    mount: PathBuf,
    seen: Vec<String>,
}

impl Watcher for Knife {
    fn before(&mut self, call: &Call) -> Fate {
        let is_here = |path: &Path| path.starts_with(&self.mount);
        let Some((path, other)) = &call.paths else { return Fate::Made };
        if !is_here(path) && !other.as_deref().is_some_and(is_here) {
            return Fate::Made;
        }
        let short = path.strip_prefix(&self.mount).unwrap_or(path).components().skip(1).collect::<PathBuf>();
        self.seen.push(format!("{} `{}`", call.name, short.display()));
        if self.seen.len() == self.at {
            Fate::Cut
        } else if self.lie.is_some_and(|lie| lie.covers(call)) {
            Fate::Skipped
        } else {
            Fate::Made
        }
    }
}
