//! What is written, row by row, beside what each engine was seen to write.

use std::time::Duration;

use super::*;
use crate::migration::{Direction, Set};

/// A database whose ledger is written by what happens to these migrations.
struct Ground {
    connection: Connection,
    ledger: Ledger,
    set: Set,
}

impl Ground {
    fn new(format: Format, versions: [&str; 3]) -> Self {
        let migrations = versions.map(|version| (version, "SELECT 1; SELECT 2;", "SELECT 3"));
        let set = Set::sample(format, &migrations);
        let ground = Self { connection: Connection::open_in_memory().unwrap(), ledger: ledger(format), set };
        Writer::new(&ground.connection, &ground.ledger).create().unwrap();
        ground
    }

    fn work(&self, direction: Direction, version: &str) -> Work {
        let wanted = self.set.format().schema(version).unwrap();
        self.set.select(direction, |_, version| *version == wanted).unwrap().remove(0)
    }

    fn write(&self, work: &Work, write: impl Fn(&Entry<'_, '_>) -> Result<()>) -> &Self {
        let began = "2026-11-20T23:00:39.440Z".parse().unwrap();
        let script = work.half().unwrap().script().unwrap();
        write(&Writer::new(&self.connection, &self.ledger).entry(work, Some(&script), began)).unwrap();
        self
    }

    fn up(&self, version: &str) -> &Self {
        let work = self.work(Direction::Up, version);
        self.write(&work, |entry| entry.end(Duration::from_nanos(1_234)))
    }

    fn down(&self, version: &str) -> &Self {
        let work = self.work(Direction::Down, version);
        self.write(&work, |entry| entry.end(Duration::ZERO))
    }

    fn rows(&self, columns: &str) -> Vec<String> {
        let sql = format!("SELECT {columns} FROM {} ORDER BY rowid", self.ledger.table);
        let mut statement = self.connection.prepare(&sql).unwrap();
        let all = statement.query_map([], |row| row.get(0)).unwrap();
        all.collect::<rusqlite::Result<_>>().unwrap()
    }

    fn schema(&self) -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid";
        let mut statement = self.connection.prepare(sql).unwrap();
        let all = statement.query_map([], |row| row.get(0)).unwrap();
        all.collect::<rusqlite::Result<_>>().unwrap()
    }
}

#[test]
fn golang_migrate_keeps_one_row_with_the_schema_that_was_reached() {
    let ground = Ground::new(Format::GolangMigrate, ["1", "2", "3"]);
    let row = "rowid || '|' || version || '|' || dirty || '|' || typeof(version) || '|' || typeof(dirty)";
    assert_eq!(ground.schema(), [TABLE, INDEX]);
    assert_eq!(ground.up("1").up("2").up("3").rows(row), ["1|3|0|integer|integer"]);
    assert_eq!(ground.down("3").rows(row), ["1|2|0|integer|integer"]);
    assert!(ground.down("2").down("1").rows(row).is_empty());
    let begun = |version| ground.write(&ground.work(Direction::Down, version), |entry| entry.open(0)).rows(row);
    assert_eq!(begun("3"), ["1|2|1|integer|integer"]);
    assert_eq!(begun("1"), ["1|-1|1|integer|integer"]);
}

#[test]
fn goose_keeps_a_row_each_and_never_gives_an_id_twice() {
    let ground = Ground::new(Format::Goose, ["1", "2", "3"]);
    let row = "id || '|' || version_id || '|' || is_applied || '|' || typeof(version_id) || '|' || typeof(is_applied)";
    let is = |rows: &[&str]| rows.iter().map(|row| format!("{row}|1|integer|integer")).collect::<Vec<_>>();
    assert_eq!(ground.schema(), [GOOSE]);
    assert_eq!(ground.rows(row), is(&["1|0"]));
    assert_eq!(ground.up("1").up("2").up("3").rows(row), is(&["1|0", "2|1", "3|2", "4|3"]));
    assert_eq!(ground.down("3").rows(row), is(&["1|0", "2|1", "3|2"]));
    assert_eq!(ground.up("3").rows(row), is(&["1|0", "2|1", "3|2", "5|3"]));
    assert_eq!(ground.down("3").down("2").down("1").rows(row), is(&["1|0"]));
    let sequence: i64 = ground.connection.query_row("SELECT seq FROM sqlite_sequence", [], |row| row.get(0)).unwrap();
    assert_eq!(sequence, 5);
    let moment = ground
        .rows("typeof(tstamp) || (tstamp GLOB '20[0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]')");
    assert_eq!(moment, ["text1"]);
}

#[test]
fn dbmate_keeps_the_digits_as_they_are_written() {
    let ground = Ground::new(Format::Dbmate, ["001", "002", "003"]);
    let row = "rowid || '|' || version || '|' || typeof(version)";
    assert_eq!(ground.schema(), [DBMATE]);
    assert_eq!(ground.up("001").up("002").up("003").rows(row), ["1|001|text", "2|002|text", "3|003|text"]);
    assert_eq!(ground.down("003").rows(row), ["1|001|text", "2|002|text"]);
}

#[test]
fn sql_migrate_keeps_the_name_of_each_file_and_when_it_was_applied() {
    let ground = Ground::new(Format::SqlMigrate, ["1_t1.sql", "2_t2.sql", "3_t3.sql"]);
    let row = "id || '|' || applied_at || '|' || typeof(id) || '|' || typeof(applied_at)";
    let is = |name: &str| format!("{name}|2026-11-20 23:00:39.44+00:00|text|text");
    assert_eq!(ground.schema(), [SQL_MIGRATE]);
    assert_eq!(ground.up("1_t1.sql").up("2_t2.sql").rows(row), [is("1_t1.sql"), is("2_t2.sql")]);
    assert_eq!(ground.down("2_t2.sql").rows(row), [is("1_t1.sql")]);
}

const REVISION: &str = "version || '|' || description || '|' || type || '|' || applied || '|' || total || '|' || \
                        executed_at || '|' || execution_time || '|' || error || '|' || error_stmt || '|' || hash || \
                        '|' || CAST(partial_hashes AS TEXT) || '|' || typeof(partial_hashes)";

#[test]
fn atlas_keeps_a_revision_each() {
    let ground = Ground::new(Format::Atlas, ["001", "002", "003"]);
    assert_eq!(ground.schema(), [ATLAS]);
    let is = |version| format!("{version}|m|2|2|2|2026-11-20 23:00:39.44+00:00|1234|||sum{version}|null|blob");
    assert_eq!(ground.up("001").up("002").rows(REVISION), [is("001"), is("002")]);
    let operator = ground.rows("operator_version");
    assert!(operator[0].starts_with("gantry-installer "), "{operator:?}");
}

/// The digest of `SELECT 1;`, as `openssl dgst -sha256 -binary | base64` has it.
const FIRST: &str = "h1:F9tP02ntuSRLn5HZru0UXD0ErYum6V0GJH8HpjUn0Ro=";

#[test]
fn atlas_writes_down_how_far_a_file_without_a_transaction_came() {
    let ground = Ground::new(Format::Atlas, ["001", "002", "003"]);
    let work = ground.work(Direction::Up, "001");
    let row = |rest: &str| vec![format!("001|m|2|{rest}|blob")];
    let at = "2026-11-20 23:00:39.44+00:00";
    assert_eq!(ground.write(&work, |entry| entry.open(0)).rows(REVISION), row(&format!("0|2|{at}|0|||sum001|null")));
    let first = ground.write(&work, |entry| entry.piece(1)).rows(REVISION);
    assert_eq!(first, row(&format!("1|2|{at}|0|||sum001|[\"{FIRST}\"]")));
    let failed =
        ground.write(&work, |entry| entry.fail(1, Duration::from_nanos(1_234), "table t4 already exists", "SELECT 2;"));
    assert_eq!(
        failed.rows(REVISION),
        row(&format!("1|2|{at}|1234|table t4 already exists|SELECT 2;|sum001|[\"{FIRST}\"]"))
    );
    let broken = LedgerState::Applied { versions: Vec::new(), broken: Some(text("001")), baseline: true };
    assert_eq!(read(&ground.connection, &ground.ledger).unwrap(), broken);
    let whole = ground.up("001").rows(REVISION);
    assert_eq!(whole, row(&format!("2|2|{at}|1234|||sum001|null")));
}

#[test]
fn a_ledger_that_is_there_is_completed_and_not_made_again() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLE).unwrap();
    Writer::new(&connection, &ledger(Format::GolangMigrate)).create().unwrap();
    let indexes: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'index'", [], |row| row.get(0)).unwrap();
    assert_eq!(indexes, 1);
    let ground = Ground::new(Format::Goose, ["1", "2", "3"]);
    ground.up("1");
    Writer::new(&ground.connection, &ground.ledger).create().unwrap();
    assert_eq!(ground.rows("id || '' "), ["1", "2"]);
}

#[test]
fn several_that_are_taken_back_together_leave_what_one_after_the_other_leaves() {
    for (format, versions) in [
        (Format::Goose, ["1", "2", "3"]),
        (Format::Dbmate, ["1", "2", "3"]),
        (Format::SqlMigrate, ["1.sql", "2.sql", "3.sql"]),
    ] {
        let (together, single) = (Ground::new(format, versions), Ground::new(format, versions));
        for ground in [&together, &single] {
            ground.up(versions[0]).up(versions[1]).up(versions[2]);
        }
        let works = [versions[2], versions[0]].map(|version| together.work(Direction::Down, version));
        let began = "2026-11-20T23:00:39.440Z".parse().unwrap();
        let mut ended = Vec::new();
        works.iter().for_each(|work| Ended { work, began, took: Duration::ZERO }.join(&mut ended, &together.ledger));
        Writer::new(&together.connection, &together.ledger).end_all(&mut ended).unwrap();
        single.down(versions[2]).down(versions[0]);
        let columns = together.ledger.shape.columns.first().unwrap();
        let columns = format!("CAST({columns} AS TEXT)");
        assert_eq!((together.rows(&columns), ended.len()), (single.rows(&columns), 0), "{format}");
    }
}
