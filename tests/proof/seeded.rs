//! The harness is tested itself: with each of these bugs in the installer, it must find something bad.

use std::path::Path;

use crate::fault::Fault;
use crate::operation::Size;
use crate::operations::named;
use crate::scope::Scope;
use crate::sweep::Sweep;
use crate::tracer::{End, Lie, Point, Tracer};
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
    wanted.filter_map(|seeded| seeded.missed(room)).collect()
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
