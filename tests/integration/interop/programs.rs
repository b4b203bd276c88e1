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
