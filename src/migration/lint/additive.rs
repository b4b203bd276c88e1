//! Additive: a program that runs on the schema before a migration runs on the one after it.
//!
//! What was not there before is nobody's yet: a migration may do with its own tables and columns what it likes.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::account::{Account, Act, Column, Deed, Kind, Origin, Told};
use super::known::Known;
use super::rule::{self, Rule};
use crate::migration::lexer::{self, tokens};

/// What an older release would not live through, each migration judged by what the one before it left.
pub(super) fn judge(accounts: &[Account]) -> Vec<Finding> {
    let (mut known, mut findings) = (Known::default(), Vec::new());
    for told in accounts.iter().filter_map(|account| account.up.as_ref()) {
        findings.extend(Older::knowing(&known).lives_through(told));
        told.deeds().for_each(|deed| known.learn(deed));
    }
    findings
}

/// An older release, and how far what it knows is still there.
pub(super) struct Older<'k> {
    known: &'k Known,
    gone: BTreeSet<(Kind, String)>,
    /// Columns that it does not know and therefore leaves null.
    null: BTreeSet<(String, String)>,
    /// What rows were copied from, and into.
    copied: BTreeSet<String>,
}

impl<'k> Older<'k> {
    /// A release that knows this schema.
    pub(super) fn knowing(known: &'k Known) -> Self {
        Self { known, gone: BTreeSet::new(), null: BTreeSet::new(), copied: BTreeSet::new() }
    }

    /// What it would not survive.
    pub(super) fn lives_through(&mut self, told: &Told) -> Vec<Finding> {
        let mut made = Known::default();
        told.deeds().for_each(|deed| made.learn(deed));
        let mut findings = Vec::new();
        for act in &told.acts {
            for deed in &act.deeds {
                let found = self.object(deed, &made).or_else(|| self.column(deed)).or_else(|| self.rows(deed));
                findings.extend(found.map(|(rule, what)| rule.found_at(&told.file, act.line, &act.text, what)));
                self.follow(deed);
            }
            self.copied.extend(copied(act));
        }
        findings
    }

    /// What is done to objects. `made` is what the migration itself makes, at its end.
    fn object(&self, deed: &Deed, made: &Known) -> Broken {
        match deed {
            Deed::Drops { kind, name, table, unique } if self.has(*kind, name) && self.has_either(table) => {
                let what = format!("drops the {} `{name}`", kind.name());
                Some(match kind {
                    Kind::Table => match (self.known.columns(name), made.columns(name)) {
                        (Some(before), Some(after)) if self.copied.contains(&name.to_ascii_lowercase()) => {
                            rebuilt(name, before, after)
                        }
                        (Some(_), Some(_)) => (&rule::DROPS_TABLE, format!("{what} with its rows, and makes it anew")),
                        _ => (&rule::DROPS_TABLE, what),
                    },
                    Kind::View => (&rule::DROPS_VIEW, what),
                    Kind::Trigger => (&rule::DROPS_TRIGGER, what),
                    Kind::Index if *unique => (&rule::DROPS_UNIQUE_INDEX, what),
                    Kind::Index => (&rule::DROPS_INDEX, what),
                })
            }
            Deed::RenamesTable { from, to } if self.has(Kind::Table, from) => {
                Some((&rule::RENAMES_TABLE, format!("renames the table `{from}` to `{to}`")))
            }
            Deed::CreatesIndex { index, table, unique: true, columns } if self.has(Kind::Table, table) => {
                let null = |column: &Option<String>| {
                    column.as_ref().is_some_and(|column| self.null.contains(&lower(table, column)))
                };
                let what = format!("makes the unique index `{index}` on `{table}`");
                // Nulls are never equal, so rows with a null in such a column never collide.
                (!columns.iter().any(null)).then_some((&rule::FORBIDS_ROWS, what))
            }
            Deed::CreatesTrigger { trigger, table } if self.has_either(table) => {
                Some((&rule::ADDS_TRIGGER, format!("makes the trigger `{trigger}` on `{table}`")))
            }
            Deed::Constrains { table, tighter } if self.has(Kind::Table, table) => Some(if *tighter {
                (&rule::TIGHTENS, format!("adds a constraint to `{table}`"))
            } else {
                (&rule::LOOSENS, format!("drops a constraint of `{table}`"))
            }),
            _ => None,
        }
    }

    /// What is done to columns.
    fn column(&self, deed: &Deed) -> Broken {
        match deed {
            Deed::AddsColumn { table, column, checked } if self.has(Kind::Table, table) => {
                let what = format!("adds `{table}.{}`", column.name);
                let computed = column.default.as_deref().is_some_and(is_computed);
                match column.origin {
                    _ if column.is_required() => {
                        Some((&rule::REQUIRES_COLUMN, format!("{what}, NOT NULL and without a default")))
                    }
                    _ if computed => Some((&rule::COMPUTED_DEFAULT, format!("{what} with a default that is computed"))),
                    Origin::Stored => Some((&rule::COMPUTED_DEFAULT, format!("{what}, computed and STORED"))),
                    Origin::Computed if column.not_null => {
                        Some((&rule::REQUIRES_COMPUTED, format!("{what}, computed and NOT NULL")))
                    }
                    _ if *checked => Some((&rule::CHECKS_COLUMN, format!("{what} with a check"))),
                    _ => None,
                }
            }
            Deed::DropsColumn { table, column } if self.has_column(table, column) => {
                Some((&rule::DROPS_COLUMN, format!("drops the column `{table}.{column}`")))
            }
            Deed::RenamesColumn { table, from, to } if self.has_column(table, from) => {
                Some((&rule::RENAMES_COLUMN, format!("renames the column `{table}.{from}` to `{to}`")))
            }
            _ => None,
        }
    }

    /// What is done to rows.
    fn rows(&self, deed: &Deed) -> Broken {
        let said = |what: String, by: &Option<String>| match by {
            Some(trigger) => format!("{what} through the trigger `{trigger}`"),
            None => what,
        };
        match deed {
            Deed::Inserts { table, by } if self.has_either(table) => {
                Some((&rule::INSERTS, said(format!("puts rows into `{table}`"), by)))
            }
            Deed::Deletes { table, by } if self.has_either(table) => {
                Some((&rule::DELETES, said(format!("deletes rows of `{table}`"), by)))
            }
            Deed::Updates { table, columns, by } if self.has_either(table) => {
                let is_known = |column: &&String| self.known.has_column(table, column) || self.has(Kind::View, table);
                let changed: Vec<_> = columns.iter().filter(is_known).map(|column| format!("`{column}`")).collect();
                let what = || format!("changes {} in rows of `{table}`", changed.join(", "));
                (!changed.is_empty()).then(|| (&rule::UPDATES, said(what(), by)))
            }
            _ => None,
        }
    }

    fn follow(&mut self, deed: &Deed) {
        match deed {
            Deed::Drops { kind, name, .. } => {
                self.gone.insert((*kind, name.to_ascii_lowercase()));
            }
            Deed::RenamesTable { from, .. } => {
                self.gone.insert((Kind::Table, from.to_ascii_lowercase()));
            }
            Deed::AddsColumn { table, column, .. } if column.default.is_none() && column.origin == Origin::Written => {
                self.null.insert(lower(table, &column.name));
            }
            _ => {}
        }
    }

    fn has(&self, kind: Kind, name: &str) -> bool {
        self.known.has(kind, name) && !self.gone.contains(&(kind, name.to_ascii_lowercase()))
    }

    /// Whether it is a table or view.
    fn has_either(&self, name: &str) -> bool {
        self.has(Kind::Table, name) || self.has(Kind::View, name)
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        self.has(Kind::Table, table) && self.known.has_column(table, column)
    }
}

/// The names in a statement that copies rows: `INSERT … SELECT`, `CREATE TABLE … AS SELECT`.
fn copied(act: &Act) -> Vec<String> {
    let fills = |deed: &Deed| matches!(deed, Deed::Inserts { .. } | Deed::CreatesTable { .. });
    let selects = || tokens(&act.text).any(|token| token.is("select"));
    if !act.deeds.iter().any(fills) || !selects() {
        return Vec::new();
    }
    tokens(&act.text).filter_map(|token| token.name()).map(|name| name.to_ascii_lowercase()).collect()
}

/// The rule that is broken, and by what.
type Broken = Option<(&'static Rule, String)>;

fn lower(table: &str, column: &str) -> (String, String) {
    (table.to_ascii_lowercase(), column.to_ascii_lowercase())
}

/// SQLite takes only constants as the default of a column that is added to a table with rows:
/// <https://sqlite.org/lang_altertable.html>. It keeps the default without the parentheses around an expression.
fn is_computed(default: &str) -> bool {
    let parts: Vec<_> = tokens(default).collect();
    match parts.as_slice() {
        [sign, value] => !(matches!(sign.text, "-" | "+") && value.kind == lexer::Kind::Literal),
        [word] => ["current_time", "current_date", "current_timestamp"].into_iter().any(|known| word.is(known)),
        [first, ..] => !first.is("cast"),
        [] => false,
    }
}

type Columns = BTreeMap<String, Column>;

fn rebuilt(table: &str, before: &Columns, after: &Columns) -> (&'static Rule, String) {
    let named = |columns: Vec<&Column>| {
        columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(" and ")
    };
    let lost: Vec<_> = before.iter().filter(|(key, _)| !after.contains_key(*key)).map(|(_, column)| column).collect();
    let required = |(key, column): &(&String, &Column)| {
        let was = before.get(*key);
        column.is_required() && was.is_none_or(|was| !was.is_required())
    };
    let required: Vec<_> = after.iter().filter(required).map(|(_, column)| column).collect();
    let mut changes = Vec::new();
    if !lost.is_empty() {
        changes.push(format!("without {}", named(lost)));
    }
    if !required.is_empty() {
        changes.push(format!("with {} required", named(required)));
    }
    let what = format!("rebuilds the table `{table}`");
    if changes.is_empty() {
        return (&rule::REBUILDS, what);
    }
    (&rule::REBUILDS_DIFFERENTLY, format!("{what} {}", changes.join(", ")))
}

impl Told {
    /// All that it did, in order.
    pub(super) fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.acts.iter().flat_map(|act: &Act| &act.deeds)
    }
}
