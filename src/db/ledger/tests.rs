use super::*;

mod written;

fn ledger(format: Format) -> Ledger {
    Ledger::of(format, None).unwrap()
}

fn state(format: Format, sql: &str) -> Result<LedgerState> {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    read(&connection, &ledger(format))
}

fn number(number: i64) -> SchemaVersion {
    SchemaVersion::Number(number)
}

fn text(text: &str) -> SchemaVersion {
    SchemaVersion::Text(text.to_owned())
}

fn listed(versions: Vec<SchemaVersion>) -> LedgerState {
    LedgerState::Applied { versions, broken: None, baseline: false }
}

/// As golang-migrate v4.19.1 was seen to leave it.
const TABLE: &str = "CREATE TABLE schema_migrations (version uint64,dirty bool)";
const INDEX: &str = "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)";
/// As goose v3.27.3 was.
const GOOSE: &str = "CREATE TABLE goose_db_version (
\t\tid INTEGER PRIMARY KEY AUTOINCREMENT,
\t\tversion_id INTEGER NOT NULL,
\t\tis_applied INTEGER NOT NULL,
\t\ttstamp TIMESTAMP DEFAULT (datetime('now'))
\t)";
/// As dbmate 2.36.0 was.
const DBMATE: &str = "CREATE TABLE \"schema_migrations\" (version varchar(128) primary key)";
/// As sql-migrate v1.8.0 was.
const SQL_MIGRATE: &str =
    "CREATE TABLE \"gorp_migrations\" (\"id\" varchar(255) not null primary key, \"applied_at\" datetime)";
/// As Atlas's executor, after v1.2.3, was.
const ATLAS: &str = "CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL, `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, PRIMARY KEY (`version`))";

#[test]
fn every_state_that_golang_migrate_leaves_is_read() {
    let state = |sql: &str| state(Format::GolangMigrate, sql).unwrap();
    let at = |version, dirty| LedgerState::At { schema: number(version), dirty };
    assert_eq!(state(""), LedgerState::Missing);
    for (row, expected) in
        [("3, 0", at(3, false)), ("4, 1", at(4, true)), ("-1, 1", at(-1, true)), ("0, 0", at(0, false))]
    {
        assert_eq!(state(&format!("{TABLE}; {INDEX}; INSERT INTO schema_migrations VALUES ({row})")), expected);
    }
    assert_eq!(state(TABLE), LedgerState::Empty);
}

#[test]
fn every_list_is_read_in_the_order_in_which_its_rows_count() {
    let goose = |rows: &str| {
        state(
            Format::Goose,
            &format!("{GOOSE}; INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1){rows}"),
        )
    };
    assert_eq!(goose("").unwrap(), LedgerState::Empty);
    assert_eq!(goose(", (1, 1), (3, 1), (2, 1)").unwrap(), listed(vec![number(1), number(3), number(2)]));
    let dbmate = format!("{DBMATE}; INSERT INTO schema_migrations VALUES ('002'), ('001')");
    assert_eq!(state(Format::Dbmate, &dbmate).unwrap(), listed(vec![text("001"), text("002")]));
    let rows = ["b", "10_a.sql", "a", "9_b.sql"].map(|id| format!("('{id}', '2026-11-20T23:00:00Z')")).join(", ");
    let names = ["9_b.sql", "10_a.sql", "a", "b"].map(text).to_vec();
    let state = state(Format::SqlMigrate, &format!("{SQL_MIGRATE}; INSERT INTO gorp_migrations VALUES {rows}"));
    assert_eq!(state.unwrap(), listed(names));
}

fn atlas(rows: &[&str]) -> LedgerState {
    let rows = rows.iter().map(|row| format!("INSERT INTO atlas_schema_revisions VALUES ({row});"));
    state(Format::Atlas, &format!("{ATLAS}; {}", rows.collect::<String>())).unwrap()
}

#[test]
fn an_atlas_revision_is_applied_broken_or_the_beginning() {
    let row = |version: &str, kind: u8, applied: u8, total: u8, error: &str| {
        format!("'{version}', 'd', {kind}, {applied}, {total}, '2026-11-20T23:00:00Z', 5, {error}, NULL, '', NULL, 'x'")
    };
    let (baseline, whole) = (row("001", 1, 0, 0, "''"), row("002", 2, 2, 2, "NULL"));
    let cloud = row(".atlas_cloud_identifier", 2, 0, 0, "''");
    let read = |broken: Option<SchemaVersion>, versions: &[&str]| LedgerState::Applied {
        versions: versions.iter().map(|version| text(version)).collect(),
        broken,
        baseline: true,
    };
    assert_eq!(atlas(&[&baseline, &whole, &cloud]), read(None, &["001", "002"]));
    let partial = row("003", 2, 1, 2, "'table t already exists'");
    assert_eq!(atlas(&[&whole, &partial]), read(Some(text("003")), &["002"]));
    assert_eq!(atlas(&[&row("004", 2, 0, 3, "''")]), read(Some(text("004")), &[]));
    assert_eq!(atlas(&[&cloud]), LedgerState::Empty);
}

#[test]
fn the_ledger_of_another_engine_is_told_by_its_columns_and_named() {
    let shapes = [
        (Format::GolangMigrate, TABLE),
        (Format::Goose, GOOSE),
        (Format::Dbmate, DBMATE),
        (Format::SqlMigrate, SQL_MIGRATE),
        (Format::Atlas, ATLAS),
    ];
    for (found, table) in shapes {
        for asked in Format::ALL.into_iter().filter(|asked| *asked != found) {
            let error = state(asked, table).unwrap_err();
            assert!(
                matches!(&error, LedgerError::Engine { found: named, expected, .. } if (*named, *expected) == (found, asked)),
                "{error}"
            );
        }
    }
    let error = state(Format::GolangMigrate, DBMATE).unwrap_err().to_string();
    let words = "`schema_migrations` is the ledger of dbmate, and not of golang-migrate: the format of this database is `dbmate`";
    assert_eq!(error, words);
}

#[test]
fn a_database_that_moved_to_another_engine_keeps_the_old_ledger() {
    let both = format!("{TABLE}; {SQL_MIGRATE}");
    assert_eq!(state(Format::SqlMigrate, &both).unwrap(), LedgerState::Empty);
}

#[test]
fn a_table_that_is_no_ledger_is_refused_with_what_it_looks_like() {
    let error = state(Format::GolangMigrate, "CREATE TABLE schema_migrations (id, at)").unwrap_err().to_string();
    assert!(error.contains(r#"the columns ["id", "at"] instead of ["version", "dirty"]"#), "{error}");
    let view = "CREATE VIEW schema_migrations AS SELECT 1 AS version, 0 AS dirty";
    assert!(matches!(state(Format::GolangMigrate, view), Err(LedgerError::Shape { .. })));
}

#[test]
fn rows_that_the_engine_never_writes_are_refused() {
    let refused = |format, table: &str, insert: &str| {
        let answer = state(format, &format!("{table}; INSERT INTO {insert}"));
        assert!(matches!(answer, Err(LedgerError::Content { .. })), "{insert}: {answer:?}");
    };
    for rows in ["(-2, 0)", "(-1, 0)", "('x', 0)", "(1, 'maybe')", "(1, 2)", "(NULL, 0)", "(1, 0), (2, 0)"] {
        refused(Format::GolangMigrate, TABLE, &format!("schema_migrations VALUES {rows}"));
    }
    for rows in ["(0, 1), (-1, 1)", "(0, 1), (1, 7)", "(0, 1), ('a', 1)"] {
        refused(Format::Goose, GOOSE, &format!("goose_db_version (version_id, is_applied) VALUES {rows}"));
    }
    refused(Format::Dbmate, DBMATE, "schema_migrations VALUES ('')");
    refused(Format::Dbmate, DBMATE, "schema_migrations VALUES ('1_a')");
    refused(Format::Dbmate, DBMATE, "schema_migrations VALUES (NULL)");
    // No command of sql-migrate gets past such a row.
    refused(Format::SqlMigrate, SQL_MIGRATE, "gorp_migrations VALUES ('1_a.sql', NULL)");
}

#[test]
fn a_goose_ledger_without_its_first_row_is_refused() {
    let error = state(Format::Goose, GOOSE).unwrap_err().to_string();
    assert_eq!(error, "the ledger `goose_db_version` holds no row for version 0, which its engine never writes");
    let rows = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, 1)";
    assert!(matches!(state(Format::Goose, &format!("{GOOSE}; {rows}")), Err(LedgerError::Content { .. })));
}

#[test]
fn a_row_of_an_old_goose_counts_only_where_a_new_one_reads_it_the_same() {
    let goose = |rows: &str| {
        let insert = format!("INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), {rows}");
        state(Format::Goose, &format!("{GOOSE}; {insert}"))
    };
    assert_eq!(goose("(1, 1), (2, 1), (2, 0), (2, 1)").unwrap(), listed(vec![number(1), number(2)]));
    let error = goose("(1, 1), (2, 1), (2, 0)").unwrap_err().to_string();
    assert!(error.contains("migration 2 was taken back, and keeps its row"), "{error}");
}
