//! What `migrate` answers.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::way::Way;
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::db::receipt::{Receipt, TableCount};
use crate::migration::{Direction, LedgerState, Set};
use crate::plan::Point;
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
pub fn version(state: &LedgerState) -> Reply {
    standing(state).saying(words(state))
}

/// Answers `migrate status`: all migrations, and which are applied.
pub fn status(set: &Set, state: &LedgerState) -> Reply {
    let reach = Reach::of(set, state);
    let lines = set.migrations().iter().enumerate().map(|(position, migration)| Line {
        version: &migration.version,
        name: &migration.name,
        applied: reach.covers(position),
        has_down: migration.down.is_some(),
    });
    let lines: Vec<_> = lines.collect();
    let warning = match (&reach, state) {
        (Reach::Unknown, _) => Some(format!(
            "the ledger is at schema {}, which none of these migrations leads to: what is applied cannot be told",
            words(state)
        )),
        (_, state) if state.is_dirty() => Some(format!("the ledger is {}: a migration was broken off", words(state))),
        _ => None,
    };
    let text = format!("schema {}\n\n{}", words(state), table(&lines));
    standing(state).with("migrations", &lines).saying(text).warning(warning)
}

/// What the ledger says, in the two keys that all of `migrate` has.
fn standing(state: &LedgerState) -> Reply {
    Reply::new(Outcome::Done).with("schema", state.schema()).with("dirty", state.is_dirty())
}

fn words(state: &LedgerState) -> String {
    let schema = named(state.schema());
    if state.is_dirty() { format!("{schema} (dirty)") } else { schema }
}

pub(super) fn named(schema: Option<&SchemaVersion>) -> String {
    schema.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// How far up the list the database is.
enum Reach {
    /// So many are applied.
    Applied(usize),
    /// The ledger is dirty: the last of so many may be applied or not, and the one after it too, as a failed way down
    /// names the schema that it did not reach.
    About(usize),
    /// The ledger names a schema that is not in the list.
    Unknown,
}

impl Reach {
    fn of(set: &Set, state: &LedgerState) -> Self {
        let count = match state.schema() {
            None => Some(0),
            Some(schema) => set.position(schema).map(|position| position + 1),
        };
        match count {
            Some(count) if state.is_dirty() => Self::About(count),
            Some(count) => Self::Applied(count),
            None => Self::Unknown,
        }
    }

    /// Whether the migration at a position of the list is applied, if that can be told.
    fn covers(&self, position: usize) -> Option<bool> {
        match *self {
            Self::Applied(count) => Some(position < count),
            Self::About(count) if position + 1 < count => Some(true),
            Self::About(count) if position > count => Some(false),
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
        named(way.to()),
        files.join(", ")
    )
}

/// Answers a way without a step.
pub(super) fn nothing(way: &Way) -> Reply {
    let at = named(way.from.as_ref());
    ended(Outcome::Nothing, way).saying(format!("nothing to do: the schema is {at}"))
}

/// Answers a way that was gone.
pub(super) fn done(way: &Way, receipt: Receipt) -> Reply {
    let mut text = String::new();
    for work in &way.works {
        let verb = if work.direction() == Direction::Up { "applied" } else { "took back" };
        text.push_str(&format!("{verb} {}\n", work.label()));
    }
    text.push_str(&format!("schema {}, was {} ({} ms)", named(way.to()), named(way.from.as_ref()), receipt.ms));
    let lost = receipt.tables.iter().filter(|table| table.lost_rows()).map(fewer);
    let warnings: Vec<_> = short(way).into_iter().chain(lost).chain(receipt.warnings).collect();
    let receipt = json!({ "tables": receipt.tables, "schema": receipt.schema, "ms": receipt.ms });
    ended(Outcome::Done, way).with("receipt", receipt).saying(text).warning(warnings)
}

/// That there are fewer migrations than were asked for.
pub(super) fn short(way: &Way) -> Option<String> {
    way.short_of.map(|count| format!("{count} migrations were asked for, and there were {}", way.works.len()))
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
    Reply::new(outcome).with("from", point(way.from.as_ref())).with("to", point(way.to()))
}
