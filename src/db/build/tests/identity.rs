//! With a mapping that carries everything as it is, any database comes out with the content that it had.

use proptest::prelude::*;

use super::*;
use crate::db::export::{About, export};
use crate::db::specimens::{TABLES, any_rows};

const SQL: &str = r#"
    INSERT INTO main."odd ""name" (a, b, c, d, e, f) SELECT a, b, c, d, e, f FROM old."odd ""name";
    INSERT INTO main.keyed SELECT * FROM old.keyed;
    INSERT INTO main.strict_one SELECT * FROM old.strict_one;
    INSERT INTO main.rowid_named SELECT rowid, x FROM old.rowid_named;
    INSERT INTO main.child SELECT parent FROM old.child;
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
    same = { k = "k", n = "n", v = "v" }
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
    name = "child"
    [[table.into]]
    table = "child"
    same = { parent = "parent" }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_rows_come_out_as_they_were(rows in any_rows()) {
        let world = world("");
        rows.write(&Connection::open(world.path("old.db")).unwrap());
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
