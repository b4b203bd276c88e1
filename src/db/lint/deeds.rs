//! What SQLite was asked, and the schema before and after, into what a statement did.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::witness::{Alteration, Seen, Write};
use crate::migration::Statement;
use crate::migration::lexer::tokens;
use crate::migration::lint::account::{Column, Deed, Kind, Origin};

/// A statement that was compiled and not yet run.
pub(super) struct Before {
    seen: Vec<Seen>,
    alteration: Option<Alteration>,
    /// The altered table as it was.
    altered: Option<Altered>,
    /// Indexes that are to be dropped and forbid rows.
    unique: Vec<String>,
}

struct Altered {
    /// Its place in the schema, which stays when it is renamed.
    place: i64,
    name: String,
    columns: Vec<Column>,
}

impl Before {
    /// Looks at what the statement is going to change.
    pub(super) fn look(connection: &Connection, mut seen: Vec<Seen>) -> rusqlite::Result<Self> {
        let alteration = seen.iter().find_map(|seen| match seen {
            Seen::Calls(alteration) => Some(*alteration),
            _ => None,
        });
        let mut altered = None;
        let mut unique = Vec::new();
        let mut there = Vec::new();
        for seen in &seen {
            match seen {
                Seen::Alters { table, .. } => {
                    let place = place(connection, table)?;
                    let columns = columns(connection, table)?;
                    altered = place.map(|place| Altered { place, name: table.clone(), columns });
                }
                Seen::Drops { kind: Kind::Index, name, table } if is_unique(connection, name, table)? => {
                    unique.push(name.clone());
                }
                // IF NOT EXISTS asks as well, and then does nothing.
                Seen::Creates { kind, name, .. } if exists(connection, *kind, name)? => there.push(seen.clone()),
                _ => {}
            }
        }
        seen.retain(|seen| !there.contains(seen));
        let dropped = seen.iter().find_map(|seen| match seen {
            Seen::Drops { kind: Kind::Table | Kind::View, name, .. } => Some(name.clone()),
            _ => None,
        });
        if let Some(dropped) = dropped {
            // With a table go its rows, indexes and triggers; those of others only where a reference says so.
            let own = |table: &str| table.eq_ignore_ascii_case(&dropped);
            seen.retain(|seen| match seen {
                Seen::Drops { kind: Kind::Index | Kind::Trigger, table, .. } => !own(table),
                Seen::Writes { table, .. } => !own(table),
                _ => true,
            });
        }
        Ok(Self { seen, alteration, altered, unique })
    }

    /// What it did, now that it was run.
    pub(super) fn deeds(self, connection: &Connection, statement: &Statement<'_>) -> rusqlite::Result<Vec<Deed>> {
        let mut deeds: Vec<Deed> = Vec::new();
        // What `ALTER TABLE` does inside is its own business.
        if let Some(altered) = &self.altered {
            return Ok(self.altered(altered, connection, statement)?.into_iter().collect());
        }
        for seen in self.seen {
            match seen {
                Seen::Creates { kind: Kind::Table, name, .. } => {
                    let columns = columns(connection, &name)?;
                    deeds.push(Deed::CreatesTable { table: name, columns });
                }
                Seen::Creates { kind: Kind::Index, name, table } => {
                    let unique = is_unique(connection, &name, &table)?;
                    let columns = indexed(connection, &name)?;
                    deeds.push(Deed::CreatesIndex { index: name, table, unique, columns });
                }
                Seen::Creates { kind: Kind::View, name, .. } => deeds.push(Deed::CreatesView { view: name }),
                Seen::Creates { kind: Kind::Trigger, name, table } => {
                    deeds.push(Deed::CreatesTrigger { trigger: name, table });
                }
                Seen::Drops { kind, name, table } => {
                    let unique = self.unique.contains(&name);
                    deeds.push(Deed::Drops { kind, name, table, unique });
                }
                Seen::Writes { write: Write::Inserts, table, by } => deeds.push(Deed::Inserts { table, by }),
                Seen::Writes { write: Write::Deletes, table, by } => deeds.push(Deed::Deletes { table, by }),
                Seen::Writes { write: Write::Updates(column), table, by } => update(&mut deeds, table, column, by),
                Seen::Alters { .. } | Seen::Calls(_) => {}
            }
        }
        Ok(deeds)
    }

    fn altered(
        &self,
        before: &Altered,
        connection: &Connection,
        statement: &Statement<'_>,
    ) -> rusqlite::Result<Option<Deed>> {
        let table = before.name.clone();
        let after = || columns(connection, &before.name);
        Ok(match self.alteration {
            Some(Alteration::RenamesTable) => {
                let to = name(connection, before.place)?;
                Some(Deed::RenamesTable { from: table, to })
            }
            Some(Alteration::RenamesColumn) => {
                let after = after()?;
                let pair = before.columns.iter().zip(&after).find(|(old, new)| old.name != new.name);
                pair.map(|(old, new)| Deed::RenamesColumn { table, from: old.name.clone(), to: new.name.clone() })
            }
            Some(Alteration::DropsColumn) => {
                let after = after()?;
                let lost = before.columns.iter().find(|old| after.iter().all(|new| new.name != old.name));
                lost.map(|column| Deed::DropsColumn { table, column: column.name.clone() })
            }
            // SET NOT NULL first drops the constraint that may be there.
            Some(Alteration::AddsConstraint | Alteration::DropsConstraint) => {
                let tighter = self.seen.contains(&Seen::Calls(Alteration::AddsConstraint));
                Some(Deed::Constrains { table, tighter })
            }
            None => {
                let after = after()?;
                let new = after.into_iter().find(|new| before.columns.iter().all(|old| old.name != new.name));
                let checked = tokens(statement.text).any(|token| token.is("check"));
                new.map(|column| Deed::AddsColumn { table, column, checked })
            }
        })
    }
}

/// One deed for all columns of a table.
fn update(deeds: &mut Vec<Deed>, table: String, column: String, by: Option<String>) {
    for deed in deeds.iter_mut() {
        if let Deed::Updates { table: other, columns, by: whom } = deed
            && *other == table
            && *whom == by
        {
            columns.push(column);
            return;
        }
    }
    deeds.push(Deed::Updates { table, columns: vec![column], by });
}

fn exists(connection: &Connection, kind: Kind, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM main.sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE";
    connection.prepare(sql)?.query_row(params![kind.name(), name], |row| row.get::<_, i64>(0)).map(|count| count > 0)
}

fn place(connection: &Connection, table: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT rowid FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    connection.prepare(sql)?.query_row([table], |row| row.get(0)).optional()
}

fn name(connection: &Connection, place: i64) -> rusqlite::Result<String> {
    connection.prepare("SELECT name FROM main.sqlite_schema WHERE rowid = ?1")?.query_row([place], |row| row.get(0))
}

fn is_unique(connection: &Connection, index: &str, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT \"unique\" FROM pragma_index_list(?1, 'main') WHERE name = ?2 COLLATE NOCASE";
    let unique: Option<bool> = connection.prepare(sql)?.query_row([table, index], |row| row.get(0)).optional()?;
    Ok(unique == Some(true))
}

fn indexed(connection: &Connection, index: &str) -> rusqlite::Result<Vec<Option<String>>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno")?;
    statement.query_map([index], |row| row.get(0))?.collect()
}

/// In their order; those that a virtual table hides are left out.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = connection.prepare(
        "SELECT name, \"notnull\", dflt_value, hidden, pk = 1 AND type = 'INTEGER' COLLATE NOCASE
         FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid",
    )?;
    let column = |row: &rusqlite::Row<'_>| {
        let default: Option<String> = row.get(2)?;
        let origin = match (row.get::<_, i64>(3)?, row.get::<_, bool>(4)?) {
            (2, _) => Origin::Computed,
            (3, _) => Origin::Stored,
            (_, true) => Origin::Numbered,
            _ => Origin::Written,
        };
        Ok(Column {
            name: row.get(0)?,
            not_null: row.get(1)?,
            default: default.filter(|default| !default.eq_ignore_ascii_case("null")),
            origin,
        })
    };
    statement.query_map([table], column)?.collect()
}
