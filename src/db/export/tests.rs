use super::*;
use crate::config::Format;
use crate::sys::watch::Unwatched;
use crate::transfer::reader;

fn exported(sql: &str) -> (Inventory, String) {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    let about = About {
        product: "gantry".to_owned(),
        release: Some("1.5.0".parse().unwrap()),
        schema: Some(SchemaVersion::Number(6)),
        created: "2026-11-01T00:00:00Z".parse().unwrap(),
    };
    let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
    let (export, inventory) = export(&connection, &ledger, about, Vec::new(), &Unwatched).unwrap();
    let (read, schema) = reader::inspect(&export[..]).unwrap();
    assert_eq!(read, inventory);
    (inventory, schema)
}

#[test]
fn tables_are_listed_by_name_with_what_they_are_for() {
    let (inventory, _) = exported(
        "CREATE TABLE z (id INTEGER PRIMARY KEY AUTOINCREMENT, double AS (id * 2)); INSERT INTO z VALUES (3);
         CREATE TABLE schema_migrations (version uint64,dirty bool);
         CREATE VIRTUAL TABLE words USING fts5(text, content=''); CREATE VIEW v AS SELECT 1; ANALYZE;",
    );
    let listed: Vec<_> = inventory.tables.iter().map(|table| (&*table.name, table.role, table.rows)).collect();
    let of = |name| listed.iter().find(|(table, ..)| *table == name).map(|(_, role, rows)| (*role, *rows));
    assert_eq!(of("z"), Some((Role::Table, 1)));
    assert_eq!(of("schema_migrations"), Some((Role::Ledger, 0)));
    assert_eq!(of("sqlite_sequence"), Some((Role::Sequence, 1)));
    assert_eq!(of("words_data").unwrap().0, Role::Shadow);
    assert!(of("words").is_none() && of("v").is_none() && of("sqlite_stat1").is_none());
    assert!(listed.is_sorted_by_key(|(name, ..)| *name));
    assert_eq!(inventory.tables.iter().find(|table| table.name == "z").unwrap().columns, ["id"]);
}

#[test]
fn the_schema_makes_the_same_schema_again() {
    let sql = "CREATE TABLE t (a TEXT DEFAULT ';'); CREATE INDEX i ON t (a);
               CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;
               CREATE VIRTUAL TABLE words USING fts5(text); CREATE VIEW v AS SELECT * FROM t;";
    let (inventory, schema) = exported(sql);
    assert_eq!(exported(&schema).0.fingerprint, inventory.fingerprint);
    assert!(!schema.contains("words_data"), "{schema}");
}
