use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;

use super::*;
use crate::sys::fs;

/// Two databases and a directory to work in.
struct Site {
    temporary: tempfile::TempDir,
}

impl Site {
    fn new(live: &str, result: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        for (name, script) in [("live.db", live), ("result.db", result)] {
            open(&temporary.path().join(name)).execute_batch(script).unwrap();
        }
        Self { temporary }
    }

    fn open(&self, name: &str) -> Connection {
        open(&self.temporary.path().join(name))
    }

    fn compare_without(&self, kind: Comparison, unstable: &[Unstable]) -> Loss {
        let (live, result) = (self.temporary.path().join("live.db"), self.temporary.path().join("result.db"));
        let work = Dir::open(self.temporary.path()).unwrap();
        compare(&Comparing { live: &live, result: &result, kind, ledger: &["ledger"], unstable, work: &work }).unwrap()
    }

    fn compare(&self, kind: Comparison) -> Loss {
        self.compare_without(kind, &[])
    }

    fn unstable(&self) -> Vec<Unstable> {
        let (live, result) = (self.temporary.path().join("live.db"), self.temporary.path().join("result.db"));
        unstable_columns(&live, &result, &["ledger"], &Dir::open(self.temporary.path()).unwrap()).unwrap()
    }
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "synchronous", "off").unwrap();
    connection
}

fn loss(name: &str, inserted: u64, changed: u64, deleted: u64, columns: &[(&str, u64)]) -> TableLoss {
    let column = |&(name, values): &(&str, u64)| ColumnLoss { name: name.to_owned(), values };
    let columns = columns.iter().map(column).collect();
    TableLoss { name: name.to_owned(), inserted, changed, deleted, rows: inserted + changed + deleted, columns }
}

#[test]
fn what_was_written_since_a_backup_is_counted_by_key() {
    let site = Site::new(
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name); CREATE TABLE ledger(version);
         INSERT INTO users VALUES (1, 'same'), (2, 'after'), (4, 'later'); INSERT INTO ledger VALUES (2)",
        "CREATE TABLE USERS(ID INTEGER PRIMARY KEY, Name); CREATE TABLE ledger(version);
         INSERT INTO users VALUES (1, 'same'), (2, 'before'), (3, 'gone')",
    );
    assert_eq!(site.compare(Comparison::Restore), Loss::of([loss("users", 1, 1, 1, &[])], Vec::new()));
}

#[test]
fn what_a_down_migration_drops_is_counted_in_values() {
    let site = Site::new(
        "CREATE TABLE users(id INTEGER PRIMARY KEY, email, phone); CREATE TABLE tags(id, tag);
         INSERT INTO users VALUES (1, 'a', NULL), (2, 'b', NULL), (3, NULL, NULL); INSERT INTO tags VALUES (1, 'x'), (2, NULL)",
        "CREATE TABLE users(id INTEGER PRIMARY KEY); CREATE TABLE restored(a);
         INSERT INTO users VALUES (1), (2), (9); INSERT INTO restored VALUES (1)",
    );
    let expected = [loss("users", 0, 0, 1, &[("email", 2)]), loss("tags", 0, 0, 2, &[("id", 2), ("tag", 1)])];
    assert_eq!(site.compare(Comparison::Down), Loss::of(expected, Vec::new()));
}

#[test]
fn equal_databases_lose_nothing() {
    let script = "CREATE TABLE a(id INTEGER PRIMARY KEY, v, d AS (v + random())); CREATE TABLE b(x, y);
                  CREATE TABLE c(k TEXT PRIMARY KEY, v); CREATE VIEW w AS SELECT * FROM a;
                  INSERT INTO a(v) VALUES (1), (2); INSERT INTO b VALUES (1, 2), (1, 2); INSERT INTO c VALUES (NULL, 1), (NULL, 1)";
    let script = script.replace("+ random()", "+ 1");
    let site = Site::new(&script, &script);
    assert_eq!(site.compare(Comparison::Restore), Loss::default());
    assert_eq!(site.compare(Comparison::Down), Loss::default());
    assert_eq!(site.unstable(), []);
}

/// A numeric column turns '007' into 7 and '8' into 8, and a comparison with affinity would not notice.
#[test]
fn a_value_that_a_type_change_bent_is_changed() {
    let site = Site::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, zip TEXT); INSERT INTO t VALUES (1, '007'), (2, 'x'), (3, '8')",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, zip INTEGER); INSERT INTO t VALUES (1, '007'), (2, 'x'), (3, '8')",
    );
    assert_eq!(site.compare(Comparison::Down), Loss::of([loss("t", 0, 2, 0, &[])], Vec::new()));
}

/// FM-6: rows that are only in a copy's log count, and the copy is left as it was found.
#[test]
fn rows_in_a_log_are_seen_and_the_files_stay_as_they_are() {
    let script = "PRAGMA journal_mode = WAL; CREATE TABLE t(id INTEGER PRIMARY KEY)";
    let site = Site::new(script, script);
    let writer = site.open("live.db");
    writer.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    drop(writer);
    let files = ["live.db", "live.db-wal", "result.db"].map(|name| site.temporary.path().join(name));
    let before = files.clone().map(|path| fs::read(&path).unwrap());

    assert_eq!(site.compare(Comparison::Restore), Loss::of([loss("t", 1, 0, 0, &[])], Vec::new()));

    assert_eq!(files.map(|path| fs::read(&path).unwrap()), before);
    let names = fs::names(site.temporary.path()).unwrap();
    assert_eq!(names, ["live.db", "live.db-shm", "live.db-wal", "result.db"]);
}

#[test]
fn columns_in_which_two_runs_differ_are_found_and_left_out_with_a_note() {
    let script = "CREATE TABLE t(id INTEGER PRIMARY KEY, name, token); CREATE TABLE u(key TEXT PRIMARY KEY, name);
                  INSERT INTO t VALUES (1, 'a', randomblob(16)); INSERT INTO u VALUES (hex(randomblob(16)), 'b')";
    let site = Site::new(script, script);
    let unstable = site.unstable();
    let named: Vec<_> = unstable.iter().map(|left_out| (left_out.table.as_str(), left_out.column.as_str())).collect();
    assert_eq!(named, [("t", "token"), ("u", "key")]);

    site.open("live.db").execute_batch("UPDATE t SET name = 'z'").unwrap();
    let found = site.compare_without(Comparison::Restore, &unstable);
    assert_eq!(found.tables, [loss("t", 0, 1, 0, &[])]);
    assert_eq!(found.notes.len(), 2);
}

#[test]
fn virtual_tables_are_compared_by_their_content_or_named() {
    let script = "CREATE VIRTUAL TABLE notes USING fts5(text); CREATE VIRTUAL TABLE boxes USING rtree(id, a, b);
                  CREATE VIRTUAL TABLE bare USING fts5(text, content='');
                  INSERT INTO boxes VALUES (1, 1, 2); INSERT INTO notes VALUES ('one')";
    let site = Site::new(script, script);
    site.open("live.db").execute_batch("INSERT INTO notes VALUES ('two'); INSERT INTO boxes VALUES (2, 0, 1)").unwrap();
    let found = site.compare(Comparison::Restore);
    assert_eq!(found.tables, [loss("boxes", 1, 0, 0, &[]), loss("notes_content", 1, 0, 0, &[])]);
    assert_eq!(found.notes, ["virtual table `bare` was not compared"]);
}

#[test]
fn names_that_need_quotes_and_very_wide_tables_are_compared() {
    let columns: Vec<_> = (0..1500).map(|number| format!("\"c \"\"{number}\"")).collect();
    let script = format!("CREATE TABLE \"a 'b' \"\"c\"(id INTEGER PRIMARY KEY, {})", columns.join(", "));
    let row = "INSERT INTO \"a 'b' \"\"c\"(id, \"c \"\"1499\") VALUES (1, ";
    let site = Site::new(&format!("{script}; {row} 1)"), &format!("{script}; {row} 2)"));
    assert_eq!(site.compare(Comparison::Down).tables, [loss("a 'b' \"c", 0, 1, 0, &[])]);
}

// The model: the same counts from the rows themselves.

const SCHEMA: &str = "CREATE TABLE keyed(id INTEGER PRIMARY KEY, a, b);
                      CREATE TABLE named(k TEXT COLLATE NOCASE, n, v, PRIMARY KEY(k, n));
                      CREATE TABLE pair(k1, k2, v, PRIMARY KEY(k2, k1)) WITHOUT ROWID;
                      CREATE TABLE bag(a, b COLLATE NOCASE)";
/// How many leading columns are the key, and whether the first of them is compared without regard to case.
const TABLES: [(&str, usize, bool); 4] =
    [("keyed", 1, false), ("named", 2, true), ("pair", 2, false), ("bag", 0, false)];

type Rows = Vec<Vec<Value>>;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (0_i64..4).prop_map(Value::Integer),
        prop_oneof![Just(1.0), Just(1.5), Just(-0.0), Just(1e300)].prop_map(Value::Real),
        prop_oneof![Just("a"), Just("A"), Just("1"), Just(""), Just("a\0b")]
            .prop_map(|text| Value::Text(text.to_owned())),
        prop_oneof![Just(&b"a"[..]), Just(&b""[..])].prop_map(|bytes| Value::Blob(bytes.to_vec())),
    ]
}

fn content() -> impl Strategy<Value = Vec<Rows>> {
    let id = (0_i64..6).prop_map(Value::Integer);
    let keyed = proptest::collection::vec((id, value(), value()).prop_map(|(a, b, c)| vec![a, b, c]), 0..8);
    let three = || proptest::collection::vec(proptest::collection::vec(value(), 3), 0..8);
    let two = proptest::collection::vec(proptest::collection::vec(value(), 2), 0..8);
    (keyed, three(), three(), two).prop_map(|(keyed, named, pair, bag)| vec![keyed, named, pair, bag])
}

/// Inserts what fits, and returns what is there then.
fn fill(database: &Connection, content: &[Rows]) -> Vec<Rows> {
    database.execute_batch("BEGIN").unwrap();
    let tables = TABLES.iter().zip(content).map(|((table, ..), rows)| {
        for row in rows {
            let places = vec!["?"; row.len()].join(", ");
            let insert = format!("INSERT OR IGNORE INTO {table} VALUES ({places})");
            database.execute(&insert, rusqlite::params_from_iter(row)).unwrap();
        }
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = statement.column_count();
        let rows = statement.query_map([], |row| (0..width).map(|index| row.get(index)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    });
    let filled = tables.collect();
    database.execute_batch("COMMIT").unwrap();
    filled
}

fn same(left: &Value, right: &Value) -> bool {
    #[allow(clippy::cast_precision_loss, clippy::float_cmp, reason = "the test's integers are small")]
    match (left, right) {
        (Value::Integer(integer), Value::Real(real)) | (Value::Real(real), Value::Integer(integer)) => {
            *integer as f64 == *real
        }
        _ => left == right,
    }
}

fn model(table: (&str, usize, bool), live: &Rows, result: &Rows, kind: Comparison) -> TableLoss {
    let (name, width, fold) = table;
    let folded = |index: usize, value: &Value| match value {
        Value::Text(text) if fold && index == 0 => Value::Text(text.to_ascii_lowercase()),
        _ => value.clone(),
    };
    let has_key = |row: &&Vec<Value>| width > 0 && row[..width].iter().all(|value| *value != Value::Null);
    let key = |left: &[Value], right: &[Value]| {
        (0..width).all(|index| same(&folded(index, &left[index]), &folded(index, &right[index])))
    };
    let whole = |left: &[Value], right: &[Value]| left.iter().zip(right).all(|(left, right)| same(left, right));

    let mut counted = TableLoss { name: name.to_owned(), ..TableLoss::default() };
    let mut rest: Vec<_> = result.iter().filter(|row| !has_key(row)).collect();
    for row in live.iter().filter(|row| !has_key(row)) {
        match rest.iter().position(|other| whole(row, other)) {
            Some(position) => drop(rest.remove(position)),
            None => counted.inserted += 1,
        }
    }
    counted.deleted = rest.len() as u64;
    for row in live.iter().filter(has_key) {
        match result.iter().filter(has_key).find(|other| key(row, other)) {
            Some(other) => counted.changed += u64::from(!whole(row, other)),
            None => counted.inserted += 1,
        }
    }
    let back = result.iter().filter(has_key).filter(|row| !live.iter().filter(has_key).any(|other| key(row, other)));
    counted.deleted += back.count() as u64;
    if kind == Comparison::Down {
        (counted.inserted, counted.deleted) = (0, counted.inserted);
    }
    counted
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_loss_is_that_of_a_model(live in content(), result in content(), shared in content()) {
        let site = Site::new(SCHEMA, SCHEMA);
        fill(&site.open("live.db"), &shared);
        fill(&site.open("result.db"), &shared);
        let live = fill(&site.open("live.db"), &live);
        let result = fill(&site.open("result.db"), &result);
        for kind in [Comparison::Restore, Comparison::Down] {
            let tables = TABLES.iter().zip(&live).zip(&result);
            let expected = tables.map(|((table, live), result)| model(*table, live, result, kind));
            prop_assert_eq!(site.compare(kind), Loss::of(expected, Vec::new()));
        }
    }
}
