//! What differs between two schemas, for people: tables by their columns, everything else by its lines.
//!
//! Two schemas differ here exactly where their fingerprints do: how something was written does not matter.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::migration::ledger::Ledger;
use crate::migration::{Direction, SchemaRow};

mod align;
mod object;

use align::{Step, align};
use object::{Line, Object, Table, objects};

/// One thing that differs between a first schema and a second one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The object, such as `table users`.
    pub object: String,
    /// The part of it, such as `column email`; nothing where it is the object as a whole.
    pub part: Option<String>,
    /// What is different about it.
    pub change: Change,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The first schema has it, and the second one does not.
    Gone,
    /// The second schema has it, and the first one does not.
    New,
    /// Both have it, and not the same.
    Altered {
        /// In the first schema, as written there.
        from: String,
        /// In the second.
        to: String,
    },
}

/// Everything that differs, by table; nothing if and only if the fingerprints of both schemas are equal. What belongs
/// to the ledger does not count.
pub fn between(first: &[SchemaRow], second: &[SchemaRow], ledger: &Ledger) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (first, second) in differing(&objects(first, ledger), &objects(second, ledger)) {
        let whole = |object: &Object, change| Difference { object: object.name.clone(), part: None, change };
        match (first, second) {
            (Some(first), None) => differences.push(whole(first, Change::Gone)),
            (None, Some(second)) => differences.push(whole(second, Change::New)),
            (Some(first), Some(second)) => {
                let mut parts = match (&first.table, &second.table) {
                    (Some(before), Some(after)) => columns(before, after),
                    _ => lines(&first.lines, &second.lines),
                };
                if parts.is_empty() {
                    let words = |object: &Object| Line::words_of(&object.lines);
                    parts.push((None, Change::Altered { from: words(first), to: words(second) }));
                }
                let part = |(part, change)| Difference { object: first.name.clone(), part, change };
                differences.extend(parts.into_iter().map(part));
            }
            (None, None) => {}
        }
    }
    differences
}

/// The objects that differ, whole, as lines that begin with `- ` for the first schema, `+ ` for the second, and two
/// blanks for what both have.
pub fn listing(first: &[SchemaRow], second: &[SchemaRow], ledger: &Ledger) -> Vec<String> {
    let mut listing = Vec::new();
    for (first, second) in differing(&objects(first, ledger), &objects(second, ledger)) {
        let lines = |object: Option<&Object>| object.map(|object| object.lines.clone()).unwrap_or_default();
        for step in align(&lines(first), &lines(second)) {
            listing.push(match step {
                Step::Both(line) => format!("  {}", line.words),
                Step::First(line) => format!("- {}", line.words),
                Step::Second(line) => format!("+ {}", line.words),
            });
        }
    }
    listing
}

impl Difference {
    /// In words, where the first schema is the expected one and the second what was found.
    pub fn as_drift(&self) -> String {
        self.saying("is missing", "is extra")
    }

    /// In words, where the first schema is the one before and the second the one after.
    pub fn as_change(&self) -> String {
        self.saying("is gone", "is new")
    }

    /// In words, where the second schema came of going that way and should be the first: what up leaves behind is not
    /// what down does.
    pub fn as_remains(&self, way: Direction) -> String {
        match way {
            Direction::Down => self.saying("does not come back", "stays behind"),
            Direction::Up => self.saying("does not come again", "is made only the second time"),
        }
    }

    fn saying(&self, gone: &str, new: &str) -> String {
        let part = self.part.as_ref().map(|part| format!(": {part}")).unwrap_or_default();
        let object = &self.object;
        match &self.change {
            Change::Gone => format!("{object}{part} {gone}"),
            Change::New => format!("{object}{part} {new}"),
            Change::Altered { from, to } if self.part.is_some() => format!("{object}{part} {from} → {to}"),
            Change::Altered { from, to } => format!("{object}: {from} → {to}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_drift())
    }
}

/// Both lists are sorted by key.
fn differing<'o>(first: &'o [Object], second: &'o [Object]) -> Vec<(Option<&'o Object>, Option<&'o Object>)> {
    let find = |list: &'o [Object], key| {
        list.binary_search_by(|object| object.key.cmp(key)).ok().and_then(|index| list.get(index))
    };
    let keys: BTreeSet<_> = first.iter().chain(second).map(|object| &object.key).collect();
    let pairs = keys.into_iter().map(|key| (find(first, key), find(second, key)));
    pairs
        .filter(|(first, second)| first.map(|object| &object.meaning) != second.map(|object| &object.meaning))
        .collect()
}

type Part = (Option<String>, Change);

fn columns(before: &Table, after: &Table) -> Vec<Part> {
    let mut parts = Vec::new();
    let of = |table: &Table, key: &str| table.columns.iter().find(|column| column.key == key).cloned();
    for column in &before.columns {
        let part = Some(format!("column {}", column.name));
        match of(after, &column.key) {
            None => parts.push((part, Change::Gone)),
            Some(now) if now.definition.meaning != column.definition.meaning => {
                let change = Change::Altered { from: typed(&column.definition), to: typed(&now.definition) };
                parts.push((part, change));
            }
            Some(_) => {}
        }
    }
    let new = after.columns.iter().filter(|column| of(before, &column.key).is_none());
    parts.extend(new.map(|column| (Some(format!("column {}", column.name)), Change::New)));
    parts.extend(order(before, after));
    parts.extend(members("constraint", &before.constraints, &after.constraints));
    parts.extend(members("option", &before.options, &after.options));
    parts
}

fn typed(definition: &Line) -> String {
    if definition.words.is_empty() { "without a type".to_owned() } else { definition.words.clone() }
}

/// Columns that both have stand in another order.
fn order(before: &Table, after: &Table) -> Option<Part> {
    let names = |table: &Table, other: &Table| {
        let both = |key: &String| other.columns.iter().any(|column| column.key == *key);
        table.columns.iter().map(|column| column.key.clone()).filter(both).collect::<Vec<_>>()
    };
    let (from, to) = (names(before, after), names(after, before));
    let change = || Change::Altered { from: from.join(", "), to: to.join(", ") };
    (from != to).then(|| (Some("order of columns".to_owned()), change()))
}

/// What only one of two lists has.
fn members(what: &str, before: &[Line], after: &[Line]) -> Vec<Part> {
    let only = |these: &[Line], those: &[Line], change: Change| {
        let mut those: Vec<_> = those.iter().map(|line| &line.meaning).collect();
        let unmatched = |line: &&Line| match those.iter().position(|meaning| **meaning == line.meaning) {
            Some(index) => {
                those.swap_remove(index);
                false
            }
            None => true,
        };
        let part = |line: &Line| (Some(format!("{what} {}", line.words)), change.clone());
        these.iter().filter(unmatched).map(part).collect::<Vec<_>>()
    };
    [only(before, after, Change::Gone), only(after, before, Change::New)].concat()
}

/// A line that takes the place of one other is that line altered.
fn lines(before: &[Line], after: &[Line]) -> Vec<Part> {
    let steps = align(before, after);
    let mut parts = Vec::new();
    let mut rest = steps.as_slice();
    while let [step, others @ ..] = rest {
        rest = others;
        let neighbour = |step: Option<&Step<'_>>| matches!(step, Some(Step::First(_) | Step::Second(_)));
        let part = |line: &Line| Some(format!("`{}`", line.words.trim()));
        match (step, others) {
            (Step::First(old), [Step::Second(new), more @ ..]) if !neighbour(more.first()) => {
                parts.push((
                    None,
                    Change::Altered { from: old.words.trim().to_owned(), to: new.words.trim().to_owned() },
                ));
                rest = more;
            }
            (Step::First(old), _) => parts.push((part(old), Change::Gone)),
            (Step::Second(new), _) => parts.push((part(new), Change::New)),
            (Step::Both(_), _) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests;
