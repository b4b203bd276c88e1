//! Whether a database is sound, and whether its references lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rusqlite::Connection;

/// A row whose reference leads to no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The table of the row.
    pub table: String,
    /// The row; nothing in a table without rowids.
    pub rowid: Option<i64>,
    /// The table that it refers to.
    pub parent: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.rowid.map_or_else(|| "a row".to_owned(), |rowid| format!("row {rowid}"));
        write!(f, "{row} of `{}` refers to no row of `{}`", self.table, self.parent)
    }
}

/// The references that lead nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dangling {
    /// How many rows of a table refer to no row of another, by both in ASCII lower case.
    counts: BTreeMap<(String, String), u64>,
    /// The first few rows of each.
    examples: Vec<Violation>,
    /// Tables whose references cannot be checked, with SQLite's words: the referred columns are not unique.
    mismatched: BTreeMap<String, String>,
}

/// Which tables to look at.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// All.
    Everything,
    /// These, in ASCII lower case, and those that refer to them.
    Tables(&'a BTreeSet<String>),
}

/// Rows that are named of one reference.
const EXAMPLES: u64 = 10;

impl Dangling {
    /// The references that lead nowhere now, whether SQLite enforces them or not.
    pub fn find(connection: &Connection, scope: Scope<'_>) -> rusqlite::Result<Self> {
        let mut dangling = Self::default();
        for child in children(connection, scope)? {
            match dangling.look_at(connection, &child) {
                // The code says no more than "error": a reference that is declared wrongly.
                Err(rusqlite::Error::SqliteFailure(error, Some(words))) if error.extended_code == 1 => {
                    dangling.mismatched.insert(child.to_ascii_lowercase(), words);
                }
                looked => looked?,
            }
        }
        Ok(dangling)
    }

    fn look_at(&mut self, connection: &Connection, child: &str) -> rusqlite::Result<()> {
        let mut statement =
            connection.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check(?1, 'main')")?;
        let mut rows = statement.query([child])?;
        while let Some(row) = rows.next()? {
            let violation = Violation { table: row.get(0)?, rowid: row.get(1)?, parent: row.get(2)? };
            let reference = (violation.table.to_ascii_lowercase(), violation.parent.to_ascii_lowercase());
            let count = self.counts.entry(reference).or_default();
            *count += 1;
            if *count <= EXAMPLES {
                self.examples.push(violation);
            }
        }
        Ok(())
    }

    /// What is worse than `before`: of every reference that leads nowhere for more rows than it did, the first rows;
    /// and the tables that could be checked then and cannot now. Rows are not matched one by one, as a rebuilt table
    /// may number its rows anew.
    pub fn since(&self, before: &Self) -> Vec<String> {
        let grown = |violation: &&Violation| {
            let reference = (violation.table.to_ascii_lowercase(), violation.parent.to_ascii_lowercase());
            self.counts.get(&reference) > before.counts.get(&reference)
        };
        let dangling = self.examples.iter().filter(grown).map(ToString::to_string);
        let new = |(table, _): &(&String, &String)| !before.mismatched.contains_key(*table);
        let mismatched = self.mismatched.iter().filter(new).map(|(table, words)| format!("`{table}`: {words}"));
        dangling.chain(mismatched).collect()
    }
}

/// Only a table with this word refers to another one. Where none does, asking each of a thousand tables would take as long
/// as making them; LIKE would ask a setting of the connection.
const DECLARES: &str = "child.type = 'table' AND instr(lower(child.sql), 'references')";

/// The tables that refer to others.
fn children(connection: &Connection, scope: Scope<'_>) -> rusqlite::Result<BTreeSet<String>> {
    let sql = format!(
        "SELECT child.name, reference.\"table\" FROM main.sqlite_schema AS child,
         pragma_foreign_key_list(child.name, 'main') AS reference WHERE {DECLARES}"
    );
    let mut statement = connection.prepare(&sql)?;
    let pairs = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let inside = |name: &str| match scope {
        Scope::Everything => true,
        Scope::Tables(tables) => tables.contains(&name.to_ascii_lowercase()),
    };
    let wanted = pairs.filter(|pair| pair.as_ref().map_or(true, |(child, parent)| inside(child) || inside(parent)));
    wanted.map(|pair| pair.map(|(child, _)| child)).collect()
}

/// How each table refers to others, by its name in ASCII lower case; those that do not are left out. Looks at no row.
pub(crate) fn references(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Vec<String>>> {
    let sql = format!(
        "SELECT child.name, reference.\"table\", reference.\"from\", coalesce(reference.\"to\", '')
         FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name, 'main') AS reference
         WHERE {DECLARES} ORDER BY child.name, reference.id, reference.seq"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let child: String = row.get(0)?;
        let words: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        found.entry(child.to_ascii_lowercase()).or_default().push(words.join(" ").to_ascii_lowercase());
    }
    Ok(found)
}

/// What a full look at every page and index finds wrong; empty for a sound database. About 11 s a GiB.
pub fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    problems(connection, "PRAGMA main.integrity_check(20)")
}

/// As [`integrity`] without comparing indexes with their tables.
pub fn quick(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    problems(connection, "PRAGMA main.quick_check(20)")
}

fn problems(connection: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(pragma)?;
    let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(if found == ["ok"] { Vec::new() } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(sql: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    const FAMILY: &str = "CREATE TABLE Parent (id INTEGER PRIMARY KEY); CREATE TABLE child (p REFERENCES Parent);
                          INSERT INTO child VALUES (1), (NULL);";

    #[test]
    fn only_what_became_worse_is_reported() {
        let connection = database(FAMILY);
        let before = Dangling::find(&connection, Scope::Everything).unwrap();
        assert!(before.since(&before).is_empty());
        connection.execute_batch("INSERT INTO child VALUES (7)").unwrap();
        let after = Dangling::find(&connection, Scope::Everything).unwrap();
        let found = after.since(&before);
        assert_eq!(
            found,
            ["row 1 of `child` refers to no row of `Parent`", "row 3 of `child` refers to no row of `Parent`"]
        );
    }

    #[test]
    fn the_children_of_a_table_are_looked_at_with_it_and_others_are_not() {
        let connection = database(FAMILY);
        let find = |table: &str| {
            let tables = BTreeSet::from([table.to_owned()]);
            Dangling::find(&connection, Scope::Tables(&tables)).unwrap().since(&Dangling::default()).len()
        };
        assert_eq!((find("parent"), find("child"), find("other")), (1, 1, 0));
    }

    #[test]
    fn a_reference_that_cannot_be_checked_is_reported_once_it_is_new() {
        let connection = database("CREATE TABLE a (x); CREATE TABLE b (y REFERENCES a(x)); INSERT INTO b VALUES (1)");
        let found = Dangling::find(&connection, Scope::Everything).unwrap();
        let problems = found.since(&Dangling::default());
        assert!(problems.len() == 1 && problems[0].contains("mismatch"), "{problems:?}");
        assert!(found.since(&found).is_empty());
    }

    #[test]
    fn a_sound_database_has_no_problems() {
        let connection = database(FAMILY);
        assert!(integrity(&connection).unwrap().is_empty() && quick(&connection).unwrap().is_empty());
    }
}
