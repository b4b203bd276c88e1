//! What `migrate` answers.

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;

use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::db::receipt::{Effect, TableCount};
use crate::migration::{Direction, LedgerState, Set, Stand};
use crate::plan::Point;
use crate::plan::way::Way;
use crate::version::SchemaVersion;

/// One line of `migrate status`.
#[derive(Serialize)]
struct Line<'a> {
    version: &'a SchemaVersion,
    name: &'a str,
    /// Nothing where it cannot be told.
    applied: Option<bool>,
    has_down: bool,
}

/// Answers `migrate version`.
pub fn version(stand: &Stand) -> Reply {
    standing(stand).saying(words(stand))
}

/// Answers `migrate status`: all migrations, and which are applied.
pub fn status(set: &Set, state: &LedgerState) -> Reply {
    let stand = state.stand(set.versions());
    let reach = Reach::of(set, &stand);
    let lines = set.migrations().iter().enumerate().map(|(position, migration)| Line {
        version: &migration.version,
        name: &migration.name,
        applied: reach.covers(position, &migration.version),
        has_down: migration.down.is_some(),
    });
    let lines: Vec<_> = lines.collect();
    let text = format!("schema {}\n\n{}", words(&stand), table(&lines));
    let warnings = [odd(set, &stand), left_out(&stand)];
    standing(&stand).with("migrations", &lines).saying(text).warning(warnings.into_iter().flatten())
}

fn odd(set: &Set, stand: &Stand) -> Option<String> {
    let lost = stand.schema.as_ref().is_some_and(|schema| set.position(schema).is_none());
    if lost {
        return Some(format!(
            "the ledger is at schema {}, which none of these migrations leads to: what is applied cannot be told",
            words(stand)
        ));
    }
    stand.dirty.then(|| format!("the ledger is {}: a migration was broken off", words(stand)))
}

fn left_out(stand: &Stand) -> Option<String> {
    let holes: Vec<_> = stand.holes.iter().map(ToString::to_string).collect();
    (!holes.is_empty()).then(|| format!("left out, though a later migration is applied: {}", holes.join(", ")))
}

/// What the ledger says, in the two keys that all of `migrate` has.
fn standing(stand: &Stand) -> Reply {
    Reply::new(Outcome::Done).with("schema", &stand.schema).with("dirty", stand.dirty)
}

fn words(stand: &Stand) -> String {
    let schema = named(stand.schema.as_ref());
    if stand.dirty { format!("{schema} (dirty)") } else { schema }
}

pub(super) fn named(schema: Option<&SchemaVersion>) -> String {
    schema.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// How far up the list the database is.
enum Reach<'a> {
    /// So many are applied, but for those that were left out.
    Applied(usize, HashSet<&'a SchemaVersion>),
    /// The ledger is dirty: the last of so many may be applied or not, and the one after it too, as a failed way down
    /// names the schema that it did not reach.
    About(usize),
    /// The ledger names a schema that is not in the list.
    Unknown,
}

impl<'a> Reach<'a> {
    fn of(set: &Set, stand: &'a Stand) -> Self {
        let count = match &stand.schema {
            None => Some(0),
            Some(schema) => set.position(schema).map(|position| position + 1),
        };
        match count {
            Some(count) if stand.dirty => Self::About(count),
            Some(count) => Self::Applied(count, stand.holes.iter().collect()),
            None => Self::Unknown,
        }
    }

    /// Whether the migration at a position of the list is applied, if that can be told.
    fn covers(&self, position: usize, version: &SchemaVersion) -> Option<bool> {
        match self {
            Self::Applied(count, holes) => Some(position < *count && !holes.contains(version)),
            Self::About(count) if position + 1 < *count => Some(true),
            Self::About(count) if position > *count => Some(false),
            Self::About(_) | Self::Unknown => None,
        }
    }
}

fn table(lines: &[Line<'_>]) -> String {
    let head = ["VERSION", "NAME", "APPLIED", "DOWN"].map(str::to_owned);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let cells = |line: &Line<'_>| {
        let applied = line.applied.map_or_else(|| "?".to_owned(), yes);
        [line.version.to_string(), line.name.to_owned(), applied, yes(line.has_down)]
    };
    let rows: Vec<_> = std::iter::once(head).chain(lines.iter().map(cells)).collect();
    let width =
        |column: fn(&[String; 4]) -> &String| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (version, name, applied) =
        (width(|[cell, ..]| cell), width(|[_, cell, ..]| cell), width(|[_, _, cell, _]| cell));
    let row = |[a, b, c, d]: &[String; 4]| format!("{a:<version$}  {b:<name$}  {c:<applied$}  {d}\n");
    rows.iter().map(row).collect()
}

/// What is asked before a way is gone.
pub(super) fn question(database: &Path, way: &Way) -> String {
    let files: Vec<_> = way.works.iter().map(|work| work.label()).collect();
    let down = way.works.iter().any(|work| work.direction() == Direction::Down);
    let lost = if down { "what these migrations drop is gone for good; " } else { "" };
    format!(
        "{lost}take `{}` from schema {} to {} with {}?",
        database.display(),
        named(way.from.as_ref()),
        named(way.to.as_ref()),
        files.join(", ")
    )
}

/// Answers a way without a step.
pub(super) fn nothing(way: &Way) -> Reply {
    let at = named(way.from.as_ref());
    ended(Outcome::Nothing, way).saying(format!("nothing to do: the schema is {at}"))
}

/// Answers a way that was gone.
pub(super) fn done(way: &Way, effect: Effect) -> Reply {
    let mut text = String::new();
    for work in &way.works {
        let verb = if work.direction() == Direction::Up { "applied" } else { "took back" };
        text.push_str(&format!("{verb} {}\n", work.label()));
    }
    text.push_str(&format!("schema {}, was {} ({} ms)", named(way.to.as_ref()), named(way.from.as_ref()), effect.ms));
    let lost = effect.tables.iter().filter(|table| table.lost_rows()).map(fewer);
    let warnings: Vec<_> = short(way).into_iter().chain(lost).chain(effect.warnings.iter().cloned()).collect();
    ended(Outcome::Done, way).with("receipt", &effect).saying(text).warning(warnings)
}

/// That there are fewer migrations than were asked for.
pub(super) fn short(way: &Way) -> Option<String> {
    way.short_of.map(|count| {
        let there = way.works.len();
        format!("{count} migrations were asked for, and there were {there}: {} short", count.saturating_sub(there))
    })
}

fn fewer(table: &TableCount) -> String {
    let rows = |count: Option<u64>| count.unwrap_or(0);
    format!("`{}` has {} rows and had {}", table.name, rows(table.after), rows(table.before))
}

/// A schema without a release.
pub(super) fn point(schema: Option<&SchemaVersion>) -> Point {
    Point { version: None, schema: schema.cloned() }
}

/// With the keys that a run has.
fn ended(outcome: Outcome, way: &Way) -> Reply {
    Reply::new(outcome).with("from", point(way.from.as_ref())).with("to", point(way.to.as_ref()))
}
