use proptest::prelude::*;
use rusqlite::types::Value as Sql;

use super::*;
use crate::config::Format;
use crate::db::export::{About, export};
use crate::sys::watch::Unwatched;

fn ledger() -> Ledger {
    Ledger::of(Format::GolangMigrate, None).unwrap()
}

fn database(sql: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

fn exported(connection: &Connection) -> Vec<u8> {
    let about = About {
        product: "gantry".to_owned(),
        release: None,
        schema: None,
        created: "2026-11-01T00:00:00Z".parse().unwrap(),
    };
    export(connection, &ledger(), about, Vec::new(), &Unwatched).unwrap().0
}

fn imported(export: &[u8], into: &Connection) -> Result<()> {
    let (inventory, _) = reader::inspect(export)?;
    import(into, &ledger(), &inventory, export, &Unwatched)
}

/// A schema with everything that keeps rows in a way of its own.
const SCHEMA: &str = r#"
    CREATE TABLE schema_migrations (version uint64,dirty bool);
    CREATE TABLE "odd ""name" (a, b INTEGER, c TEXT, d REAL, e NUMERIC, f BLOB, total AS (a || c), kept AS (b) STORED);
    CREATE TABLE keyed (k TEXT, n INTEGER, PRIMARY KEY (k, n)) WITHOUT ROWID;
    CREATE TABLE strict_one (id INTEGER PRIMARY KEY AUTOINCREMENT, any ANY) STRICT;
    CREATE TABLE child (parent REFERENCES strict_one ON DELETE CASCADE);
    CREATE INDEX by_c ON "odd ""name" (c) WHERE b > 0;
    CREATE VIEW seen AS SELECT * FROM keyed;
    CREATE TRIGGER counted AFTER INSERT ON keyed BEGIN INSERT INTO child VALUES (NULL); END;
    CREATE VIRTUAL TABLE words USING fts5(text);
    CREATE VIRTUAL TABLE boxes USING rtree(id, left, right);
"#;

#[test]
fn every_kind_of_table_comes_back_with_what_it_held() {
    let old = database(SCHEMA);
    old.execute_batch(
        r#"INSERT INTO schema_migrations VALUES (6, 0);
           INSERT INTO "odd ""name" (a, b, c, d, e, f) VALUES
             (1, 'text', x'00ff', 2, '1.50', NULL), (9223372036854775807, 1.5, 'a' || char(0) || 'b', 9e999, -9e999, x'');
           INSERT INTO "odd ""name" (a, c) VALUES (CAST(x'ff41' AS TEXT), -0.0);
           INSERT INTO keyed VALUES ('b', 2), ('a', 1);
           INSERT INTO strict_one (any) VALUES ('1'), (1), (1.0), (x'31'); DELETE FROM strict_one WHERE id = 4;
           INSERT INTO words VALUES ('the quick fox'), ('a slow fox');
           INSERT INTO boxes VALUES (1, 0.5, 2.5);
           PRAGMA user_version = 7; PRAGMA application_id = 1196314710;"#,
    )
    .unwrap();
    let export = exported(&old);
    let new = database(SCHEMA);
    new.execute_batch("INSERT INTO keyed VALUES ('what the migrations put there', 1); INSERT INTO words VALUES ('x')")
        .unwrap();
    imported(&export, &new).unwrap();
    assert_eq!(exported(&new), export);

    let one = |sql: &str| new.query_row(sql, [], |row| row.get::<_, Sql>(0)).unwrap();
    assert_eq!(one("SELECT group_concat(rowid) FROM words WHERE words MATCH 'fox'"), Sql::Text("1,2".to_owned()));
    assert_eq!(one("SELECT count(*) FROM boxes WHERE left < 1"), Sql::Integer(1));
    assert_eq!(one("SELECT hex(c) FROM \"odd \"\"name\" WHERE rowid = 2"), Sql::Text("610062".to_owned()));
    assert_eq!(one("SELECT d FROM \"odd \"\"name\" WHERE rowid = 2"), Sql::Real(f64::INFINITY));
    assert_eq!(one("PRAGMA user_version"), Sql::Integer(7));
    // No trigger ran again, and a number that was used up stays so.
    assert_eq!(one("SELECT count(*) FROM child"), Sql::Integer(2));
    new.execute("INSERT INTO strict_one (any) VALUES (0)", []).unwrap();
    assert_eq!(one("SELECT max(id) FROM strict_one"), Sql::Integer(5));
}

#[test]
fn another_schema_is_refused_with_both_fingerprints() {
    let export = exported(&database("CREATE TABLE t (a)"));
    let error = imported(&export, &database("CREATE TABLE t (a, b)")).unwrap_err();
    assert!(matches!(error, ImportError::Schema { .. }), "{error}");
}

#[test]
fn a_row_that_does_not_fit_is_named() {
    // The fingerprint is that of the schema and not of its rows: they may break what they were written before.
    let old = database("CREATE TABLE t (a NOT NULL)");
    old.execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a)'").unwrap();
    old.execute_batch("PRAGMA writable_schema = RESET; INSERT INTO t VALUES (1), (NULL)").unwrap();
    old.execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a NOT NULL)'")
        .unwrap();
    let error = imported(&exported(&old), &database("CREATE TABLE t (a NOT NULL)")).unwrap_err();
    assert_eq!(error.to_string(), "cannot write row 2 of the table `t`");
}

#[test]
fn an_import_that_is_called_off_ends() {
    struct Impatient;
    impl Watch for Impatient {
        fn progress(&self, _: u64, _: u64) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    let sql = "CREATE TABLE t (a)";
    let old = database(sql);
    old.execute_batch("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) INSERT INTO t SELECT i FROM n")
        .unwrap();
    let export = exported(&old);
    let (inventory, _) = reader::inspect(&export[..]).unwrap();
    let outcome = import(&database(sql), &ledger(), &inventory, &export[..], &Impatient);
    assert!(matches!(outcome, Err(ImportError::Cancelled)));
}

fn any_value() -> impl Strategy<Value = Sql> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        Just(Sql::Null),
        any::<i64>().prop_map(Sql::Integer),
        any::<f64>().prop_map(Sql::Real),
        "(-?[0-9]{1,20}(\\.[0-9]{0,3})?)|\\PC{0,9}".prop_map(Sql::Text),
        bytes.prop_map(Sql::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_rows_come_back_and_their_export_is_the_same(
        rows in proptest::collection::vec(proptest::collection::vec(any_value(), 6), 0..20),
        keys in proptest::collection::btree_map("[a-c]{0,3}", any::<i64>(), 0..9),
    ) {
        let old = database(SCHEMA);
        for row in &rows {
            old.execute("INSERT INTO \"odd \"\"name\" (a, b, c, d, e, f) VALUES (?, ?, ?, ?, ?, ?)", params_from_iter(row)).unwrap();
            old.execute("INSERT INTO strict_one (any) VALUES (?)", [&row[0]]).unwrap();
        }
        for (key, number) in &keys {
            old.execute("INSERT INTO keyed VALUES (?, ?)", (key, number)).unwrap();
        }
        let export = exported(&old);
        let new = database(SCHEMA);
        imported(&export, &new).unwrap();
        prop_assert_eq!(exported(&new), export);
    }
}
