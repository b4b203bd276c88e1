//! Power cuts at a system call: everything dies before it, and the file system loses what was not on its disk.

use super::dice::Dice;
use super::machine::Machine;
use super::outcome::{Effort, Outcome};
use crate::tracer::{End, Kind, Lie, Point, Tracer};
use crate::verdict::Verdict;

/// Cuts the power before calls of the operation, and once after its answer.
pub fn sweep(machine: &Machine<'_>, effort: Effort, lies: &[Lie], dice: &mut Dice) -> Outcome {
    let classes = standing_for_all(&machine.points, dice);
    let chosen = dice.sample(classes, effort.most);
    let mut outcome = Outcome::passing_over(machine.points.len() - chosen.len());
    outcome.unmodelled.extend(machine.unmodelled.iter().cloned());
    for point in chosen {
        match cut(machine, point.number, lies) {
            (verdict, Some(fired)) => outcome.count(verdict, &format!("{}: before {fired}", machine.flavour)),
            // Another run may make fewer calls: it answered before this one.
            (verdict, None) => outcome.count(verdict, &format!("{}: after the answer", machine.flavour)),
        }
    }
    let (verdict, fired) = cut(machine, u64::MAX, lies);
    assert_eq!(fired, None, "nothing is cut after the last call");
    outcome.count(verdict, &format!("{}: after the answer", machine.flavour));
    outcome
}

/// Consecutive writes to one file are one class: the first, the last, and one between them.
fn standing_for_all(points: &[Point], dice: &mut Dice) -> Vec<Point> {
    let writes = |point: &Point| point.length.is_some();
    let one_class = |a: &Point, b: &Point| writes(a) && writes(b) && a.path == b.path;
    points
        .chunk_by(one_class)
        .flat_map(|class| match class {
            [first, between @ .., last] if !between.is_empty() => {
                vec![first.clone(), between[dice.below(between.len())].clone(), last.clone()]
            }
            few => few.to_vec(),
        })
        .collect()
}

/// One cut; the call before which it came, or none where the operation had answered before.
fn cut(machine: &Machine<'_>, at: u64, lies: &[Lie]) -> (Verdict, Option<Point>) {
    let mounted = machine.switch_on();
    let world = machine.stage.world.path("");
    let tracer = Tracer::of(&world).fault(at, Kind::Stop).lies(lies);
    let trace = tracer.run_to_stop(&machine.stage.command(machine.operation.arguments), |_| mounted.cut_power());
    let answered = match (trace.end, &trace.fired) {
        (End::Killed(_), Some(_)) => None,
        (End::Exited(code), None) if code == machine.operation.code => {
            mounted.cut_power();
            Some(code)
        }
        _ => panic!("{}: what was cut does not answer, and what was not does: {trace:#?}", machine.operation.name),
    };
    machine.switch_off(mounted);
    (machine.verdict(&machine.room.join("image"), answered), trace.fired)
}
