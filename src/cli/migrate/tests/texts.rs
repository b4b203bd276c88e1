//! When the text of a file is read, and what of it counts.

use super::*;

const FORMATS: [&str; 5] = ["golang-migrate", "goose", "dbmate", "sql-migrate", "atlas"];

/// A directory of migrations that only go up, and no database yet.
struct Directory {
    directory: TempDir,
    format: &'static str,
}

impl Directory {
    fn new(format: &'static str, ups: &[&str]) -> Self {
        let directory = Self { directory: tempfile::tempdir().unwrap(), format };
        ups.iter().zip(1..).for_each(|(up, number)| directory.write(number, up));
        directory
    }

    fn write(&self, number: usize, up: &str) {
        let (name, text) = match self.format {
            "golang-migrate" => (format!("{number}_m.up.sql"), up.to_owned()),
            "goose" => (format!("{number}_m.sql"), format!("-- +goose Up\n{up}\n")),
            "dbmate" => (format!("{number}_m.sql"), format!("-- migrate:up\n{up}\n-- migrate:down\n")),
            "sql-migrate" => (format!("{number}_m.sql"), format!("-- +migrate Up\n{up}\n")),
            _ => (format!("{number}_m.sql"), format!("{up}\n")),
        };
        fs::write(self.directory.path().join(name), text).unwrap();
        if self.format == "atlas" {
            formats::vouch(self.directory.path());
        }
    }

    fn database(&self) -> std::path::PathBuf {
        self.directory.path().join("data.db")
    }

    fn up(&self, progress: &dyn Fn(&Work)) -> Reply {
        let arguments = Migrate {
            database: Some(format!("sqlite:{}", self.database().display())),
            dir: Some(self.directory.path().to_owned()),
            format: Some(self.format.to_owned()),
            dry_run: false,
            yes: true,
            verb: UP,
        };
        in_place(&arguments, &Interrupt::never(), &|_| Ok(()), progress, &Unwatched)
    }

    fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        Connection::open(self.database()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn a_malformed_later_file_is_refused_before_anything_is_run() {
    for (format, malformed) in [
        ("goose", "CREATE TABLE b (x)"),
        ("dbmate", "\n-- migrate:up\nCREATE TABLE b (x);"),
        ("sql-migrate", "CREATE TABLE b (x)"),
        ("atlas", "CREATE TABLE b (x"),
    ] {
        let directory = Directory::new(format, &["CREATE TABLE a (x);", malformed]);
        let reply = directory.up(&|_| {});
        let error = reply.error.as_ref().unwrap();
        assert_eq!((reply.outcome, error.code.as_str()), (Outcome::Failed, "migrations"), "{reply:?}");
        assert!(!directory.database().exists(), "{format}");
    }
}

#[test]
fn what_was_planned_is_what_runs_whatever_the_file_is_by_its_turn() {
    for format in FORMATS {
        let directory = Directory::new(format, &["CREATE TABLE a (x);", "CREATE TABLE b (x);"]);
        let reply = directory.up(&|work| {
            if work.label().starts_with('1') {
                directory.write(2, "CREATE TABLE other (x);");
            }
        });
        assert_eq!(reply.outcome, Outcome::Done, "{reply:?}");
        assert_eq!(
            directory.query::<i64>("SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')"),
            2,
            "{format}"
        );
    }
}

#[test]
fn a_file_too_large_to_keep_that_was_changed_before_its_turn_is_refused_with_all_that_ran() {
    for format in FORMATS {
        let huge = format!("CREATE TABLE b AS SELECT '{}' AS x;", "x".repeat(2 << 20));
        // sql-migrate reads no line of a MiB.
        let huge = huge.replace(&"x".repeat(1 << 10), &format!("{}\n", "x".repeat(1 << 10)));
        let directory = Directory::new(format, &["CREATE TABLE a (x);", &huge]);
        let reply = directory.up(&|work| {
            if work.label().starts_with('1') {
                directory.write(2, "CREATE TABLE other (x);");
            }
        });
        let error = reply.error.as_ref().unwrap();
        assert_eq!((reply.outcome, error.code.as_str()), (Outcome::Failed, "migration"), "{reply:?}");
        assert!(error.message.ends_with("was changed while the migrations ran: nothing of what it says now is run"));
        assert_eq!(directory.query::<i64>("SELECT count(*) FROM sqlite_schema"), 0, "{format}");
        assert_eq!(directory.up(&|_| {}).outcome, Outcome::Done, "{format}");
        assert_eq!(directory.query::<i64>("SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'other')"), 2);
    }
}

#[test]
fn a_journal_mode_is_passed_over_where_its_engine_has_written() {
    // Whether golang-migrate begins a transaction its files do not say.
    for format in FORMATS.into_iter().skip(1) {
        let second = "CREATE TABLE b (x);\nPRAGMA journal_mode = WAL;\nINSERT INTO b VALUES (1);";
        // Atlas has written to its ledger by then.
        let second =
            if format == "atlas" { "PRAGMA journal_mode = WAL;\nCREATE TABLE b AS SELECT 1 AS x;" } else { second };
        let directory = Directory::new(format, &["CREATE TABLE a (x);", second, "CREATE TABLE c (x);"]);
        for _ in 0..2 {
            let reply = directory.up(&|_| {});
            assert_ne!(reply.outcome, Outcome::Failed, "{reply:?}");
            assert!(!reply.warnings.iter().any(|warning| warning.contains("journal_mode")), "{format}: {reply:?}");
        }
        assert_eq!(directory.query::<String>("PRAGMA journal_mode"), "delete", "{format}");
        assert_eq!(directory.query::<i64>("SELECT x FROM b"), 1, "{format}");
        // And where everything before it was applied by another command.
        let alone = Directory::new(format, &["CREATE TABLE a (x);"]);
        alone.up(&|_| {});
        alone.write(2, second);
        assert_eq!(alone.up(&|_| {}).outcome, Outcome::Done, "{format}");
        assert_eq!(alone.query::<String>("PRAGMA journal_mode"), "delete", "{format}");
    }
}
