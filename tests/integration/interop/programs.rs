//! Programs' migrations, written once, and put into the form of each engine.

use std::fs;
use std::path::Path;

use crate::format::atlas_sum;

/// A program's migrations, oldest first.
#[derive(Clone)]
pub struct Program(pub Vec<Step>);

/// One migration: its statements up and down.
#[derive(Clone, Copy)]
pub struct Step {
    pub title: &'static str,
    pub up: &'static [&'static str],
    pub down: &'static [&'static str],
    /// Whether its engine runs it in a transaction.
    pub transaction: bool,
}

const fn step(title: &'static str, up: &'static [&'static str], down: &'static [&'static str]) -> Step {
    Step { title, up, down, transaction: true }
}

/// Nothing out of the ordinary: what the golden databases hold.
pub fn plain() -> Program {
    Program(vec![
        step(
            "users",
            &[
                "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
                "INSERT INTO users (name) VALUES ('a;b'), ('it''s')",
            ],
            &["DROP TABLE users"],
        ),
        step("by_name", &["CREATE INDEX users_name ON users (name)"], &["DROP INDEX users_name"]),
        step(
            "log",
            &[
                "CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5)",
                "CREATE TRIGGER users_log AFTER INSERT ON users BEGIN\n  INSERT INTO log (what) VALUES ('new; ' || new.name);\nEND",
                "INSERT INTO users (name) VALUES ('c')",
            ],
            &["DROP TRIGGER users_log", "DROP TABLE log", "DELETE FROM users WHERE name = 'c'"],
        ),
        step(
            "mail",
            &["ALTER TABLE users ADD COLUMN mail BLOB DEFAULT x'00ff'"],
            &["ALTER TABLE users DROP COLUMN mail"],
        ),
        step("view", &["CREATE VIEW names AS SELECT name FROM users -- all of them"], &["DROP VIEW names"]),
    ])
}

/// What real programs have in their migrations.
pub fn rich() -> Program {
    let mut steps = plain().0;
    steps.extend([
        step(
            "search",
            &[
                "CREATE VIRTUAL TABLE pages USING fts5(title, body, tokenize = 'porter unicode61')",
                "INSERT INTO pages (title, body) VALUES ('first', 'running; runs'), ('second', 'ran')",
                "CREATE TRIGGER users_pages AFTER UPDATE OF name ON users WHEN new.name <> old.name BEGIN\n  \
                 UPDATE pages SET title = CASE WHEN new.name = 'x' THEN 'END;' ELSE new.name END WHERE title = old.name;\n\
                 END",
            ],
            &["DROP TRIGGER users_pages", "DROP TABLE pages"],
        ),
        step(
            "settings",
            &[
                "CREATE TABLE settings (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID",
                "INSERT INTO settings VALUES ('a', 1), ('b', x'00'), ('c', 2.5), ('d', 'e')",
            ],
            &["DROP TABLE settings"],
        ),
        step(
            "totals",
            &[
                "CREATE TABLE lines (a INTEGER, b INTEGER, total INTEGER GENERATED ALWAYS AS (a * b) STORED, twice AS (total * 2))",
                "INSERT INTO lines (a, b) VALUES (2, 3), (4, 5)",
                "CREATE INDEX big_lines ON lines (total) WHERE total > 10",
                "CREATE UNIQUE INDEX lines_by_expression ON lines (a + b)",
            ],
            &["DROP TABLE lines"],
        ),
        step(
            "rebuild",
            &[
                "CREATE TABLE new_lines (a INTEGER, b INTEGER CHECK (b > 0), note TEXT)",
                "INSERT INTO new_lines (a, b) SELECT a, b FROM lines",
                "DROP TABLE lines",
                "ALTER TABLE new_lines RENAME TO lines",
                "CREATE INDEX big_lines ON lines (b) WHERE b > 10",
            ],
            &["DROP TABLE lines", "CREATE TABLE lines (a, b)"],
        ),
        Step {
            transaction: false,
            ..step(
                "own",
                &[
                    "PRAGMA foreign_keys = OFF",
                    "BEGIN",
                    "CREATE TABLE teams (id INTEGER PRIMARY KEY)",
                    "CREATE TABLE members (team REFERENCES teams ON DELETE CASCADE, user INTEGER)",
                    "INSERT INTO teams VALUES (1)",
                    "INSERT INTO members VALUES (1, 1)",
                    "COMMIT",
                ],
                &["BEGIN", "DROP TABLE members", "DROP TABLE teams", "COMMIT"],
            )
        },
        step("empty", &[], &[]),
    ]);
    Program(steps)
}

/// What is rarer, and where an engine and we could well differ: settings, the schema rewritten by hand, references that
/// lead nowhere, rows that count.
pub fn wild() -> Program {
    Program(vec![
        step(
            "notes",
            &[
                "PRAGMA user_version = 7",
                "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, body TEXT DEFAULT '')",
                "INSERT INTO notes (title, body) VALUES ('a', 'x -- no comment'), ('b;', 'two\nlines;\nend')",
                "DELETE FROM notes WHERE id = 2",
                "UPDATE sqlite_sequence SET seq = 41 WHERE name = 'notes'",
                "INSERT INTO notes (title) VALUES ('c')",
            ],
            &["DROP TABLE notes", "PRAGMA user_version = 0"],
        ),
        step(
            "search",
            &[
                "CREATE VIRTUAL TABLE notes_search USING fts5(title, body, content='notes', content_rowid='id')",
                "INSERT INTO notes_search (notes_search) VALUES ('rebuild')",
                "CREATE TRIGGER notes_added AFTER INSERT ON notes BEGIN\n  INSERT INTO notes_search (rowid, title, body) \
                 VALUES (new.id, new.title, new.body);\nEND",
                "CREATE TRIGGER notes_gone AFTER DELETE ON notes BEGIN\n  INSERT INTO notes_search (notes_search, rowid, title, \
                 body) VALUES ('delete', old.id, old.title, old.body);\nEND",
                "INSERT INTO notes (title) VALUES ('found')",
            ],
            &[
                "DELETE FROM notes WHERE title = 'found'",
                "DROP TRIGGER notes_gone",
                "DROP TRIGGER notes_added",
                "DROP TABLE notes_search",
            ],
        ),
        step(
            "shelves",
            &[
                "PRAGMA defer_foreign_keys = ON",
                "CREATE TABLE shelves (id INTEGER PRIMARY KEY, note INTEGER REFERENCES notes (id) ON DELETE CASCADE)",
                "INSERT INTO shelves (note) VALUES (1), (99)",
                "CREATE TABLE labels (name TEXT REFERENCES shelves (note))",
                "CREATE VIEW shelved (shelf, title) AS SELECT s.id, n.title FROM shelves s JOIN notes n ON n.id = s.note",
                "CREATE TRIGGER shelve INSTEAD OF INSERT ON shelved BEGIN\n  INSERT INTO notes (title) VALUES (new.title);\n\
                 \x20 INSERT INTO shelves (note) VALUES (last_insert_rowid());\nEND",
                "INSERT INTO shelved (title) VALUES ('through the view')",
            ],
            &["DROP VIEW shelved", "DROP TABLE labels", "DROP TABLE shelves"],
        ),
        step(
            "legacy",
            &[
                "PRAGMA foreign_keys = OFF",
                "PRAGMA legacy_alter_table = ON",
                "DROP VIEW shelved",
                "ALTER TABLE shelves RENAME TO old_shelves",
                "CREATE TABLE shelves (id INTEGER PRIMARY KEY, note INTEGER, width REAL AS (note * 1.5) STORED) STRICT",
                "INSERT INTO shelves (id, note) SELECT id, note FROM old_shelves",
                "DROP TABLE old_shelves",
                "PRAGMA legacy_alter_table = OFF",
                "PRAGMA foreign_keys = ON",
                "CREATE UNIQUE INDEX wide ON shelves (lower(note), id DESC) WHERE width > 2 AND note IS NOT NULL",
            ],
            &["DROP INDEX wide", "CREATE VIEW shelved AS SELECT id AS shelf FROM shelves"],
        ),
        step(
            "by_hand",
            &[
                "PRAGMA writable_schema = ON",
                "UPDATE sqlite_master SET sql = replace(sql, 'name TEXT', 'name TEXT NOT NULL') WHERE name = 'labels'",
                "PRAGMA writable_schema = OFF",
                "CREATE TEMP TABLE counted AS SELECT count(*) AS notes FROM notes",
                "CREATE TABLE totals AS SELECT notes FROM counted",
                "DROP TABLE counted",
                "INSERT INTO notes (id, title) VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET title = excluded.title",
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO totals SELECT i FROM n",
                "EXPLAIN QUERY PLAN SELECT * FROM notes",
                // Counts the ledger's rows too.
                "ANALYZE",
            ],
            &["DROP TABLE totals"],
        ),
        Step {
            transaction: false,
            ..step(
                "log",
                &["PRAGMA journal_mode = WAL", "CREATE TABLE after_log (x)", "VACUUM"],
                &["DROP TABLE after_log", "PRAGMA journal_mode = DELETE"],
            )
        },
        step("last", &["CREATE TABLE last (x DEFAULT (1 + 2)) -- the end"], &["DROP TABLE last"]),
    ])
}

impl Program {
    /// Writes them into a directory as `format` wants them.
    pub fn write(&self, format: &str, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        let mut files = Vec::new();
        for (step, number) in self.0.iter().zip(1..) {
            files.extend(step.files(format, number));
        }
        if format == "atlas" {
            files.push(("atlas.sum".to_owned(), atlas_sum(&files)));
        }
        files.iter().for_each(|(name, text)| fs::write(directory.join(name), text).unwrap());
    }

    /// Whether there are files with a transaction of their own.
    pub fn has_transactions(&self) -> bool {
        self.0.iter().any(|step| !step.transaction)
    }

    /// What `format` calls them.
    pub fn versions(&self, format: &str) -> Vec<String> {
        let version = |(step, number): (&Step, usize)| match format {
            "golang-migrate" | "goose" => number.to_string(),
            "sql-migrate" => format!("{number:03}-{}.sql", step.title),
            "dbmate" => format!("{number:03}"),
            _ => format!("202401010000{number:02}"),
        };
        self.0.iter().zip(1..).map(version).collect()
    }
}

impl Step {
    fn files(&self, format: &str, number: usize) -> Vec<(String, String)> {
        let Self { title, up, down, transaction } = *self;
        let plain = |statements: &[&str]| statements.iter().map(|sql| format!("{}\n", ended(sql))).collect::<String>();
        let marked = |mark: &str, statements: &[&str]| {
            let block = |sql: &&str| {
                let (sql, mark) = (ended(sql), format!("-- +{mark} Statement"));
                if sql.contains('\n') { format!("{mark}Begin\n{sql}\n{mark}End\n") } else { format!("{sql}\n") }
            };
            statements.iter().map(block).collect::<String>()
        };
        let word = |word: &'static str| if transaction { "" } else { word };
        match format {
            "golang-migrate" => vec![
                (format!("{number:04}_{title}.up.sql"), plain(up)),
                (format!("{number:04}_{title}.down.sql"), plain(down)),
            ],
            "goose" => {
                let head = word("-- +goose NO TRANSACTION\n");
                let (up, down) = (marked("goose", up), marked("goose", down));
                vec![(format!("{number:05}_{title}.sql"), format!("{head}-- +goose Up\n{up}\n-- +goose Down\n{down}"))]
            }
            "dbmate" => {
                let option = word(" transaction:false");
                let (up, down) = (plain(up), plain(down));
                let text = format!("-- migrate:up{option}\n{up}\n-- migrate:down{option}\n{down}");
                vec![(format!("{number:03}_{title}.sql"), text)]
            }
            "sql-migrate" => {
                let option = word(" notransaction");
                let (up, down) = (marked("migrate", up), marked("migrate", down));
                let text = format!("-- +migrate Up{option}\n{up}\n-- +migrate Down{option}\n{down}");
                vec![(format!("{number:03}-{title}.sql"), text)]
            }
            _ => {
                let head = word("-- atlas:txmode none\n\n");
                vec![(format!("202401010000{number:02}_{title}.sql"), format!("{head}{}", plain(up)))]
            }
        }
    }
}

/// With its semicolon: on a line of its own where a comment comes last.
pub fn ended(sql: &str) -> String {
    if sql.contains("--") { format!("{sql}\n;") } else { format!("{sql};") }
}
