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
            source_sha256: None,
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
