mod identity;
mod refusals;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::config::Format;
use crate::db::schema;
use crate::sys::watch::Unwatched;
use rusqlite::Connection;

/// An old and a new schema with a mapping between them, and where their files are.
struct World {
    place: TempDir,
    ledger: Ledger,
    migrations: Set,
    files: BTreeMap<String, Vec<u8>>,
}

const OLD: &str =
    "CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (8, 0);
    CREATE TABLE pots (id INTEGER PRIMARY KEY, name TEXT, colour TEXT);
    CREATE TABLE pans (id INTEGER PRIMARY KEY, name TEXT, lid INTEGER);
    CREATE TABLE notes (pot INTEGER, words TEXT);";

const NEW: &str = "CREATE TABLE vessels (id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE,
        CHECK (length(name) < 9)) STRICT;
    CREATE INDEX vessels_by_kind ON vessels (kind);
    CREATE TABLE notes (vessel TEXT NOT NULL REFERENCES vessels, words TEXT) STRICT;";

const SQL: &str = "INSERT INTO main.vessels SELECT 'pot-' || id, 'pot', name FROM old.pots;
    INSERT INTO main.vessels SELECT 'pan-' || id, 'pan', name FROM old.pans;
    INSERT INTO main.notes SELECT 'pot-' || pot, words FROM old.notes WHERE pot > 0;";

const TOML: &str = r#"
    [[table]]
    name = "pots"
    without = { colour = "they are all black by now" }
    [[table.into]]
    table = "vessels"
    told_by = "kind = 'pot'"
    same = { name = "name" }
    changed = { id = "id" }

    [[table]]
    name = "pans"
    without = { lid = "lids are lost" }
    [[table.into]]
    table = "vessels"
    told_by = "kind = 'pan'"
    same = { name = "name" }
    changed = { id = "id" }

    [[table]]
    name = "notes"
    left = "they are about nothing"
    [[table.into]]
    table = "notes"
    where = "pot > 0"
    same = { words = "words" }
    changed = { pot = "vessel" }

    [[check]]
    words = "every vessel has a name"
    sql = "SELECT id FROM main.vessels WHERE name = ''"
"#;

impl World {
    fn new(rows: &str) -> Self {
        Self::of(OLD, rows, NEW, SQL, TOML)
    }

    fn of(old: &str, rows: &str, new: &str, sql: &str, toml: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let connection = Connection::open(place.path().join("old.db")).unwrap();
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {old}; {rows}")).unwrap();
        let fingerprint = schema::print(&connection, &ledger).unwrap().fingerprint;
        let head = format!("format = 1\nsql = [\"rows.sql\"]\n[[from]]\nschema = 8\nfingerprint = \"{fingerprint}\"\n");
        let files = BTreeMap::from([
            ("import.toml".to_owned(), format!("{head}{toml}").into_bytes()),
            ("rows.sql".to_owned(), sql.as_bytes().to_owned()),
        ]);
        let migrations = [("101_v2.up.sql".to_owned(), new.as_bytes().to_owned())].into_iter();
        let migrations = Set::read(Format::GolangMigrate, migrations).unwrap();
        Self { place, ledger, migrations, files }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn build(&self) -> Result<Account> {
        self.watched(&Unwatched)
    }

    fn watched(&self, watch: &dyn Watch) -> Result<Account> {
        let new = self.path("new.db");
        let _ = fs::remove_file(&new);
        fs::write_new(&new, b"").unwrap();
        let mapping = Mapping::read(&self.files).unwrap();
        let recipe = Recipe {
            mapping: &mapping,
            migrations: &self.migrations,
            schema: &SchemaVersion::Number(101),
            fingerprint: None,
            ledger: &self.ledger,
            foreign_keys: ForeignKeys::Ignored,
            integrity: true,
        };
        build(&self.path("old.db"), &new, &recipe, watch)
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let connection = Connection::open(self.path("new.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

const ROWS: &str = "INSERT INTO pots VALUES (1, 'wok', 'red'), (2, 'kettle', NULL);
    INSERT INTO pans VALUES (1, 'crepe', 0); INSERT INTO notes VALUES (1, 'hot'), (2, 'old'), (0, 'lost'), (NULL, 'x');";

#[test]
fn every_row_is_accounted_for() {
    let world = World::new(ROWS);
    let account = world.build().unwrap();
    assert_eq!(
        world.one::<String>("SELECT group_concat(id || name, ' ' ORDER BY id) FROM vessels"),
        "pan-1crepe pot-1wok pot-2kettle"
    );
    let old: Vec<_> = account.old.iter().map(|table| (&*table.name, table.rows, table.into[0].adds)).collect();
    assert_eq!(old, [("pots", 2, 2), ("pans", 1, 1), ("notes", 4, 2)]);
    assert_eq!(account.old[2].left.as_ref().unwrap().rows, 2);
    let new: Vec<_> = account.new.iter().map(|table| (&*table.name, table.rows)).collect();
    assert_eq!(new, [("notes", 2), ("vessels", 3)]);
    assert_eq!(account.compared.len(), 3);
}

#[test]
fn the_old_file_is_what_it_was_and_the_new_one_is_alone_and_has_its_indexes() {
    let world = World::new(ROWS);
    let before = crate::verify::measure(&world.path("old.db")).unwrap();
    let account = world.build().unwrap();
    assert!(account.bytes <= room(account.source.bytes), "{account:?}");
    assert_eq!((account.source.bytes, account.source.sha256), before);
    assert_eq!(crate::verify::measure(&world.path("old.db")).unwrap(), before);
    let mut names = fs::names(world.place.path()).unwrap();
    names.sort();
    assert_eq!(names, ["new.db", "old.db"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sqlite_schema WHERE name = 'vessels_by_kind'"), 1);
    assert_eq!(world.one::<String>("PRAGMA integrity_check"), "ok");
    assert_eq!(world.one::<i64>("SELECT version FROM schema_migrations"), 101);
}

#[test]
fn rows_that_become_parts_counts_or_come_from_nowhere_are_accounted_for() {
    let old = "CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (8, 0);
               CREATE TABLE a (id INTEGER PRIMARY KEY, x); CREATE TABLE b (a INTEGER, y TEXT); CREATE TABLE c (z)";
    let rows =
        "INSERT INTO a VALUES (1, 'one'), (2, 2.5); INSERT INTO b VALUES (1, 'b1'); INSERT INTO c VALUES (7), (7), (8)";
    let new = "CREATE TABLE n (id INTEGER PRIMARY KEY, x ANY, y TEXT) STRICT; INSERT INTO n VALUES (9, 'seed', NULL);
               CREATE TABLE kinds (z ANY, number INTEGER) STRICT; CREATE TABLE words (w TEXT) STRICT;";
    let sql = "INSERT INTO main.n SELECT a.id, x, y FROM old.a LEFT JOIN old.b ON a = a.id;
               INSERT INTO main.kinds SELECT z, count(*) FROM old.c GROUP BY z; INSERT INTO main.words VALUES ('new');";
    let toml = r#"
        [[table]]
        name = "a"
        [[table.into]]
        table = "n"
        same = { id = "id", x = "x" }
        [[table]]
        name = "b"
        [[table.into]]
        table = "n"
        adds = false
        told_by = "y IS NOT NULL"
        same = { a = "id", y = "y" }
        [[table]]
        name = "c"
        [[table.into]]
        table = "kinds"
        rows = "SELECT count(DISTINCT z) FROM old.c"
        changed = { z = "z" }
        [[made]]
        table = "words"
        rows = "SELECT 1"
        reason = "a word to begin with"
    "#;
    let account = World::of(old, rows, new, sql, toml).build().unwrap();
    let new: Vec<_> = account.new.iter().map(|table| (&*table.name, table.rows, table.seeded)).collect();
    assert_eq!(new, [("kinds", 2, 0), ("n", 3, 1), ("words", 1, 0)]);
    let text = account.to_string();
    for line in [
        "b: 1 row\n  1 row become parts of rows of n",
        "c: 3 rows\n  3 rows become 2 rows of kinds",
        "1 row made: a word to begin with",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let json = serde_json::to_string(&account).unwrap();
    assert_eq!(serde_json::from_str::<Account>(&json).unwrap(), account);
}

#[test]
fn whoever_watches_hears_rows_and_can_call_it_off() {
    struct Impatient;
    impl Watch for Impatient {
        fn progress(&self, _: u64, _: u64) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    let many = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000)
                INSERT INTO notes SELECT i, 'note ' || i FROM n; INSERT INTO pots SELECT pot, words, '' FROM notes WHERE pot < 9";
    let world = World::new(many);
    assert!(matches!(world.watched(&Impatient), Err(BuildError::Cancelled)));
}
