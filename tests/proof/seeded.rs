//! The harness is tested itself: with each of these bugs in the installer, it must find something bad.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;

use crate::classes::random;
use crate::fault::Fault;
use crate::fingerprint::fingerprint;
use crate::operation::Size;
use crate::operations::named;
use crate::scope::{Depth, Scope};
use crate::sweep::Sweep;
use crate::tracer::{End, Kind, Lie, Point, Tracer};
use crate::trial::Trial;
use crate::verdict::Verdict;

/// A bug, and where it must show.
struct Seeded {
    name: &'static str,
    lie: Lie,
    operation: &'static str,
    shown_by: ShownBy,
}

enum ShownBy {
    /// A run in which nothing else goes wrong.
    Itself,
    /// A kill, at some of the points between these two.
    Kill { after: fn(&Point) -> bool, before: fn(&Point) -> bool },
}

const SEEDED: &[Seeded] = &[
    Seeded {
        name: "a missing record",
        lie: Lie::NoRecord("\"intend\""),
        operation: "rollback-restore",
        shown_by: ShownBy::Kill { after: exchanges, before: commits },
    },
    Seeded {
        name: "the log left behind",
        lie: Lie::LogLeftBehind,
        operation: "rollback-restore",
        shown_by: ShownBy::Itself,
    },
];

fn exchanges(point: &Point) -> bool {
    point.to.as_deref() == Some(Path::new("data/notes.db"))
}

fn commits(point: &Point) -> bool {
    point.to.as_deref() == Some(Path::new("state/gate.json"))
}

/// What was not caught.
pub fn missed(room: &Path, scope: &Scope) -> Vec<String> {
    let wanted = SEEDED.iter().filter(|seeded| scope.wants("seeded", seeded.name));
    let missed = wanted.filter_map(|seeded| seeded.missed(room));
    let blind =
        || (scope.depth == Depth::Full && scope.wants("seeded", "a look")).then(|| blind(room, scope)).flatten();
    missed.chain(std::iter::once_with(blind).flatten()).collect()
}

/// Whether looks miss what kills leave. A kill may meet two threads in another order, but not most of the time.
fn blind(room: &Path, scope: &Scope) -> Option<String> {
    const KILLS: u64 = 20;
    let sweep = Sweep::of(named("upgrade")?, Size::Small, room);
    let seen = Mutex::new(HashSet::new());
    sweep.look(|_| {
        seen.lock().unwrap().insert(fingerprint(&sweep.stage));
    });
    let seen = seen.into_inner().unwrap();
    let shown = (0..KILLS).filter(|number| {
        let point = 1 + random(scope.seed, *number) % sweep.points.len() as u64;
        sweep.strike(point, Kind::Kill, &[]);
        seen.contains(&fingerprint(&sweep.stage))
    });
    let shown = shown.count() as u64;
    println!("seeded: of {KILLS} kills {shown} left what a look had shown");
    (2 * shown <= KILLS).then(|| format!("BAD: only {shown} of {KILLS} kills left what a look had shown"))
}

impl Seeded {
    fn missed(&self, room: &Path) -> Option<String> {
        let sweep = Sweep::of(named(self.operation)?, Size::Small, room);
        let caught = match self.shown_by {
            ShownBy::Itself => self.alone(&sweep),
            ShownBy::Kill { after, before } => self.killed(&sweep, after, before),
        };
        println!("seeded: {}: {}", self.name, caught.as_deref().map_or("NOT CAUGHT", |words| words));
        caught.is_none().then(|| format!("seeded bug not caught: {}", self.name))
    }

    fn alone(&self, sweep: &Sweep<'_>) -> Option<String> {
        sweep.stage.restore();
        let world = sweep.stage.world.path("");
        let trace = Tracer::of(&world).lies(&[self.lie]).run(&sweep.stage.command(sweep.operation.arguments));
        assert!(trace.lies > 0, "{}: no lie was told", self.name);
        match sweep.recover() {
            Verdict::Bad(words) => Some(words),
            Verdict::Old if trace.end == End::Exited(0) => Some("it said done, and stands at OLD".to_owned()),
            Verdict::Old | Verdict::New => None,
        }
    }

    fn killed(&self, sweep: &Sweep<'_>, after: fn(&Point) -> bool, before: fn(&Point) -> bool) -> Option<String> {
        let first = sweep.points.iter().position(after)?;
        let last = first + sweep.points[first..].iter().position(before)?;
        sweep.points[first + 1..last].iter().find_map(|point| {
            let trial = Trial { fault: Fault::Kill, point: point.number, second: None };
            match sweep.attempt(&trial, &[self.lie]).verdict {
                Verdict::Bad(words) if !words.starts_with("the harness") => Some(words),
                _ => None,
            }
        })
    }
}
