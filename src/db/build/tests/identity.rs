//! With a mapping that carries everything as it is, any database comes out with the content that it had.

use proptest::prelude::*;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::*;
use crate::db::export::{About, export};

/// Everything that keeps rows in a way of its own.
const TABLES: &str = r#"
    CREATE TABLE "odd ""name" (a, b INTEGER, c TEXT, d REAL, e NUMERIC, f BLOB, total AS (a || c), kept AS (b) STORED);
    CREATE TABLE keyed (k TEXT, n INTEGER, PRIMARY KEY (k, n)) WITHOUT ROWID;
    CREATE TABLE strict_one (id INTEGER PRIMARY KEY AUTOINCREMENT, any ANY) STRICT;
    CREATE TABLE rowid_named (rowid TEXT, x);
    CREATE INDEX by_c ON "odd ""name" (c) WHERE b > 0;
    CREATE VIEW seen AS SELECT * FROM keyed;
    CREATE TRIGGER counted AFTER INSERT ON keyed BEGIN DELETE FROM keyed; END;"#;

const SQL: &str = r#"
    INSERT INTO main."odd ""name" (a, b, c, d, e, f) SELECT a, b, c, d, e, f FROM old."odd ""name";
    INSERT INTO main.keyed SELECT * FROM old.keyed;
    INSERT INTO main.strict_one SELECT * FROM old.strict_one;
    INSERT INTO main.rowid_named SELECT rowid, x FROM old.rowid_named;
    DELETE FROM main.sqlite_sequence;
    INSERT INTO main.sqlite_sequence SELECT * FROM old.sqlite_sequence;"#;

const TOML: &str = r#"
    [[table]]
    name = 'odd "name'
    [[table.into]]
    table = 'odd "name'
    same = { a = "a", b = "b", c = "c", d = "d", e = "e", f = "f" }
    [[table]]
    name = "keyed"
    [[table.into]]
    table = "keyed"
    same = { k = "k", n = "n" }
    [[table]]
    name = "strict_one"
    [[table.into]]
    table = "strict_one"
    same = { id = "id", any = "any" }
    [[table]]
    name = "rowid_named"
    [[table.into]]
    table = "rowid_named"
    same = { rowid = "rowid", x = "x" }
    [[table]]
    name = "sqlite_sequence"
    [[table.into]]
    table = "sqlite_sequence"
    same = { name = "name", seq = "seq" }
"#;

const LEDGER: &str =
    "CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (8, 0);";

fn world(before: &str) -> World {
    World::of(&format!("{before} {LEDGER} {TABLES}"), "", TABLES, SQL, TOML)
}

/// The tables of an export, without the ledger: names, rows, and what they add up to.
fn content(path: &std::path::Path, ledger: &Ledger) -> Vec<(String, u64, String)> {
    let connection = Connection::open(path).unwrap();
    let created = "2026-11-01T00:00:00Z".parse().unwrap();
    let about = About { product: "p".to_owned(), release: None, schema: None, created };
    let (_, inventory) = export(&connection, ledger, about, Vec::new(), &Unwatched).unwrap();
    let tables = inventory.tables.into_iter().filter(|table| table.name != "schema_migrations");
    tables.map(|table| (table.name, table.rows, table.digest.to_string())).collect()
}

fn any_value() -> impl Strategy<Value = Value> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        "(-?[0-9]{1,20}(\\.[0-9]{0,3})?)|\\PC{0,9}".prop_map(Value::Text),
        bytes.prop_map(Value::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_rows_come_out_as_they_were(
        rows in proptest::collection::vec(proptest::collection::vec(any_value(), 6), 0..20),
        keys in proptest::collection::btree_map("[a-c]{0,3}", any::<i64>(), 0..9),
        broken in proptest::collection::vec(any::<u8>(), 0..9),
        used in 0_i64..9,
    ) {
        let world = world("");
        let old = Connection::open(world.path("old.db")).unwrap();
        old.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
        for row in &rows {
            old.execute("INSERT INTO \"odd \"\"name\" (a, b, c, d, e, f) VALUES (?, ?, ?, ?, ?, ?)", params_from_iter(row)).unwrap();
            old.execute("INSERT INTO strict_one (any) VALUES (?)", [&row[0]]).unwrap();
        }
        for (key, number) in &keys {
            old.execute("INSERT INTO keyed VALUES (?, ?)", (key, number)).unwrap();
        }
        // Text that is not text, and numbers that were used up by rows that are gone.
        old.execute("INSERT INTO rowid_named VALUES (?1, CAST(?2 AS TEXT))", (used, &broken)).unwrap();
        old.execute("DELETE FROM strict_one WHERE id > ?", [used]).unwrap();
        drop(old);
        world.build().unwrap();
        prop_assert_eq!(content(&world.path("new.db"), &world.ledger), content(&world.path("old.db"), &world.ledger));
    }
}

#[test]
fn text_in_utf_16_stays_in_utf_16() {
    let world = world("PRAGMA encoding = 'UTF-16le';");
    let old = Connection::open(world.path("old.db")).unwrap();
    old.execute("INSERT INTO rowid_named VALUES ('pot', 'größer')", []).unwrap();
    drop(old);
    world.build().unwrap();
    assert_eq!(world.one::<String>("PRAGMA encoding"), "UTF-16le");
    assert_eq!(world.one::<String>("SELECT x FROM rowid_named"), "größer");
}

#[test]
fn a_large_table_is_read_back_in_parts_and_all_of_it() {
    let world = world("");
    let old = Connection::open(world.path("old.db")).unwrap();
    old.execute_batch(
        "WITH n(i) AS (SELECT -150000 UNION ALL SELECT i + 1 FROM n LIMIT 300000)
                       INSERT INTO strict_one SELECT i, 'row ' || i FROM n",
    )
    .unwrap();
    drop(old);
    let account = world.build().unwrap();
    let compared = account.compared.iter().find(|compared| compared.table == "strict_one").unwrap();
    assert_eq!(compared.rows, 300_000);
}
