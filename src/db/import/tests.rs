use proptest::prelude::*;
use rusqlite::types::Value as Sql;

use super::*;
use crate::config::Format;
use crate::db::export::{About, export};
use crate::db::specimens::{TABLES, any_rows};
use crate::sys::watch::Unwatched;
use crate::transfer::Role;
use crate::transfer::writer::{Contents, WriteError, Writer, write};

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

/// Everything that keeps rows in a way of its own.
fn schema() -> String {
    format!(
        "CREATE TABLE schema_migrations (version uint64,dirty bool); {TABLES}
         CREATE VIRTUAL TABLE words USING fts5(text); CREATE VIRTUAL TABLE boxes USING rtree(id, left, right);"
    )
}

#[test]
fn every_kind_of_table_comes_back_with_what_it_held() {
    let old = database(&schema());
    old.execute_batch(
        r#"INSERT INTO schema_migrations VALUES (6, 0);
           INSERT INTO "odd ""name" (a, b, c, d, e, f) VALUES
             (1, 'text', x'00ff', 2, '1.50', NULL), (9223372036854775807, 1.5, 'a' || char(0) || 'b', 9e999, -9e999, x'');
           INSERT INTO "odd ""name" (a, c) VALUES (CAST(x'ff41' AS TEXT), -0.0);
           INSERT INTO keyed (k, n) VALUES ('b', 2), ('a', 1);
           INSERT INTO strict_one (any) VALUES ('1'), (1), (1.0), (x'31'); DELETE FROM strict_one WHERE id = 4;
           INSERT INTO words VALUES ('the quick fox'), ('a slow fox');
           INSERT INTO boxes VALUES (1, 0.5, 2.5);
           PRAGMA user_version = 7; PRAGMA application_id = 1196314710;"#,
    )
    .unwrap();
    let export = exported(&old);
    let new = database(&schema());
    new.execute_batch(
        "INSERT INTO keyed (k, n) VALUES ('what the migrations put there', 1); INSERT INTO words VALUES ('x')",
    )
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_rows_come_back_and_their_export_is_the_same(rows in any_rows()) {
        let old = database(&schema());
        rows.write(&old);
        let export = exported(&old);
        let new = database(&schema());
        imported(&export, &new).unwrap();
        prop_assert_eq!(exported(&new), export);
        let (found, said) = taken(&old, &schema());
        prop_assert!(found <= said, "{} bytes and not {}", found, said);
    }
}

/// How long the file is that an export becomes, and the room that was expected to be enough.
fn taken(old: &Connection, schema: &str) -> (u64, u64) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("new.db");
    let export = exported(old);
    let (inventory, declared) = reader::inspect(&export[..]).unwrap();
    let room = room(&inventory, &declared, std::sync::Arc::new(|| false)).unwrap();
    let new = Connection::open(&path).unwrap();
    new.pragma_update(None, "encoding", &inventory.encoding).unwrap();
    new.execute_batch(schema).unwrap();
    imported(&export, &new).unwrap();
    (crate::sys::fs::metadata(&path).unwrap().len(), room.database)
}

#[test]
fn a_database_takes_no_more_room_than_was_said() {
    let rows = |columns: &str| {
        format!(
            "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 20000) INSERT INTO t SELECT {columns} FROM n"
        )
    };
    let small: String =
        (0..60).map(|t| format!("CREATE TABLE t{t} (a UNIQUE, b); CREATE INDEX i{t} ON t{t} (b);")).collect();
    for (schema, rows) in [
        ("CREATE TABLE t (a)", rows("7")),
        ("CREATE TABLE t (a REAL, b)", rows("1.0, 0.5")),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)", rows("i * 1000003, randomblob(40)")),
        ("CREATE TABLE t (a TEXT, b, c, PRIMARY KEY (b, a)) WITHOUT ROWID", rows("'key ' || i, i % 7, NULL")),
        (
            "CREATE TABLE t (a TEXT UNIQUE, b); CREATE INDEX x ON t (a, b); CREATE INDEX y ON t (b, a); CREATE INDEX z ON t (a DESC)",
            rows("hex(i * 2654435761) || ' some text that is not short', i % 99"),
        ),
        (
            "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a TEXT); CREATE INDEX x ON t (a)",
            rows("'plain letters ' || i"),
        ),
        (&small, "INSERT INTO t0 VALUES (1, 2)".to_owned()),
        ("CREATE TABLE t (a)", String::new()),
    ] {
        let old = database(schema);
        old.execute_batch(&rows).unwrap();
        let (found, said) = taken(&old, schema);
        assert!(found <= said && said < 6 * found, "{found} bytes and not {said}: {schema:.90}");
    }
}

#[test]
fn an_index_that_the_rows_break_is_named() {
    let sql = "CREATE TABLE t (a, b); CREATE UNIQUE INDEX one_b ON t (b) WHERE a > 0";
    let old = database(sql);
    let export = exported(&old);
    // Nobody can write such rows there; a forged export has them.
    let (inventory, schema) = reader::inspect(&export[..]).unwrap();
    let rows = |writer: &mut Writer| {
        writer.table("t", Role::Table, vec!["a".to_owned(), "b".to_owned()])?;
        [0, 1, 0, 1].into_iter().try_for_each(|a| writer.row([Value::Integer(a), Value::Integer(7)].into_iter()))
    };
    let forged = |contents: Contents| Inventory { tables: contents.tables, ..inventory };
    let (forged, _) = write::<_, WriteError>(Vec::new(), &schema, rows, forged).unwrap();
    let error = imported(&forged, &database(sql)).unwrap_err();
    assert!(matches!(error, ImportError::Index { .. }), "{error}");
    let said = crate::causes::in_one_line(&error);
    assert!(
        said.starts_with("cannot make the index `one_b` of the table `t`: UNIQUE constraint failed: t.b"),
        "{said}"
    );
}

#[test]
fn a_file_is_read_back_as_a_database_in_memory_is() {
    let place = tempfile::tempdir().unwrap();
    let old = database("CREATE TABLE t (a, b); CREATE INDEX by_a ON t (a)");
    old.execute_batch("INSERT INTO t VALUES (1, 'one'), (2, 'two')").unwrap();
    let export = exported(&old);
    for journal in ["DELETE", "WAL"] {
        let new = Connection::open(place.path().join(journal)).unwrap();
        new.pragma_update(None, "journal_mode", journal).unwrap();
        new.execute_batch("CREATE TABLE t (a, b); CREATE INDEX by_a ON t (a)").unwrap();
        imported(&export, &new).unwrap();
        assert_eq!(exported(&new), export);
    }
}
