//! Databases for tests that carry one elsewhere: every way in which tables keep rows, and any values in them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params_from_iter};

use crate::db::import::Bound;
use crate::transfer::specimens::any_value;
use crate::transfer::value::Value;

/// Columns of every affinity and of none, generated ones, a table without row numbers, a strict one, one whose numbers are
/// used up, a column that hides the row number, references, indexes of a part and of an expression, a view and a trigger.
pub const TABLES: &str = r#"
    CREATE TABLE "odd ""name" (a, b INTEGER, c TEXT, d REAL, e NUMERIC, f BLOB, total AS (a || c), kept AS (b) STORED);
    CREATE TABLE keyed (k TEXT, n INTEGER, v, PRIMARY KEY (k, n)) WITHOUT ROWID;
    CREATE TABLE strict_one (id INTEGER PRIMARY KEY AUTOINCREMENT, any ANY) STRICT;
    CREATE TABLE rowid_named (rowid TEXT, x);
    CREATE TABLE child (parent REFERENCES strict_one ON DELETE CASCADE);
    CREATE INDEX by_c ON "odd ""name" (c) WHERE b > 0;
    CREATE INDEX by_length ON rowid_named (length(x));
    CREATE VIEW seen AS SELECT * FROM keyed;
    CREATE TRIGGER counted AFTER INSERT ON keyed BEGIN INSERT INTO child VALUES (NULL); END;"#;

/// Rows for those tables.
#[derive(Clone, Debug)]
pub struct Rows {
    odd: Vec<Vec<Value<'static>>>,
    keyed: BTreeMap<(String, i64), Value<'static>>,
    /// With gaps between the numbers, and anywhere.
    numbered: BTreeMap<i64, Value<'static>>,
    /// Numbers that were used up by rows that are gone.
    gone: BTreeSet<i64>,
    named: Vec<Vec<Value<'static>>>,
}

/// Any of them.
pub fn any_rows() -> impl Strategy<Value = Rows> {
    let number = || prop_oneof![any::<i64>(), 0_i64..30, Just(i64::MIN), Just(i64::MAX)];
    (
        vec(vec(any_value(), 6), 0..20),
        btree_map(("[a-c\0]{0,3}", number()), any_value(), 0..9),
        btree_map(number(), any_value(), 0..20),
        btree_set(number(), 0..6),
        vec(vec(any_value(), 2), 0..9),
    )
        .prop_map(|(odd, keyed, numbered, gone, named)| Rows { odd, keyed, numbered, gone, named })
}

impl Rows {
    /// Writes them into a database with [`TABLES`].
    pub fn write(&self, connection: &Connection) {
        let triggers = |on| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on).unwrap();
        triggers(false);
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let write = |sql: &str, values: &[Value<'_>]| {
            connection.execute(sql, params_from_iter(values.iter().map(Bound))).unwrap();
        };
        for row in &self.odd {
            write("INSERT INTO \"odd \"\"name\" (a, b, c, d, e, f) VALUES (?, ?, ?, ?, ?, ?)", row);
        }
        for ((key, number), value) in &self.keyed {
            let key = Value::Text(key.as_bytes().into());
            write("INSERT INTO keyed VALUES (?, ?, ?)", &[key, Value::Integer(*number), value.clone()]);
        }
        for (number, value) in &self.numbered {
            write("INSERT INTO strict_one VALUES (?, ?)", &[Value::Integer(*number), value.clone()]);
            write("INSERT INTO child VALUES (?)", &[Value::Integer(*number)]);
        }
        for number in &self.gone {
            write("INSERT OR REPLACE INTO strict_one VALUES (?, NULL)", &[Value::Integer(*number)]);
            write("DELETE FROM strict_one WHERE id = ?", &[Value::Integer(*number)]);
            write("DELETE FROM child WHERE parent = ?", &[Value::Integer(*number)]);
        }
        for row in &self.named {
            write("INSERT INTO rowid_named VALUES (?, ?)", row);
        }
        triggers(true);
    }
}

#[test]
fn what_is_easily_lost_is_in_the_database_before_it_is_carried() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    let text = |bytes: &'static [u8]| Value::Text(bytes.into());
    let values =
        [Value::Real(-0.0), Value::Real(f64::INFINITY), Value::Integer(i64::MIN), text(b"\xff"), text(b"a\0b")];
    let strange =
        vec![Value::Null, text(b"no number"), Value::Blob(b"x".into()), text(b"z"), text(b"1e"), values[0].clone()];
    Rows {
        odd: vec![strange],
        keyed: BTreeMap::new(),
        numbered: (1..).step_by(7).zip(values).collect(),
        gone: BTreeSet::from([99]),
        named: Vec::new(),
    }
    .write(&connection);
    let found = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let types = "SELECT group_concat(typeof(any), ' ' ORDER BY id) FROM strict_one";
    assert_eq!(found(types), "real real integer text text");
    assert_eq!(found("SELECT group_concat(id, ' ' ORDER BY id) FROM strict_one"), "1 8 15 22 29");
    assert_eq!(found("SELECT hex(any) FROM strict_one WHERE id = 22"), "FF");
    assert_eq!(found("SELECT hex(any) FROM strict_one WHERE id = 29"), "610062");
    assert_eq!(found("SELECT CAST(seq AS TEXT) FROM sqlite_sequence"), "99");
    let foreign = "SELECT typeof(b) || ' ' || typeof(c) || ' ' || typeof(d) || ' ' || typeof(e) FROM \"odd \"\"name\"";
    assert_eq!(found(foreign), "text blob text text");
    let below: f64 = connection.query_row("SELECT any FROM strict_one WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(below.to_bits(), (-0.0_f64).to_bits());
}
