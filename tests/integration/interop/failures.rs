//! A migration that fails: what the engine leaves, what we leave, and that both go on from either.

use std::fs;

use super::picture::picture;
use super::programs::{Program, plain};
use super::{FORMATS, Hand, Site, driver, said};

/// The fourth fails at its second statement.
fn broken() -> Program {
    let mut program = plain();
    program.0[3].up = &["CREATE TABLE half (x)", "INSERT INTO nowhere VALUES (1)"];
    program
}

#[test]
fn after_a_failure_both_go_on_once_the_file_is_mended() {
    let Some(driver) = driver() else { return };
    for format in FORMATS {
        let site = Site::new(format, &broken(), Some(driver.clone()));
        let (theirs, ours) = (site.database("theirs.db"), site.database("ours.db"));
        for (hand, database) in [(Hand::Engine, &theirs), (Hand::Ours, &ours)] {
            site.succeed(hand, database, &["up", "2"]);
            let output = site.run(hand, database, &["up"]);
            assert!(!output.status.success() && said(&output).contains("nowhere"), "{format}: {}", said(&output));
        }
        // The engine keeps what it did before the failure, ours undoes all of its one transaction.
        let untouched = site.database("untouched.db");
        site.succeed(Hand::Engine, &untouched, &["up", "2"]);
        assert_eq!(picture(&ours), picture(&untouched), "{format}");

        fs::remove_dir_all(site.migrations()).unwrap();
        plain().write(format, &site.migrations());
        let whole = site.database("whole.db");
        site.succeed(Hand::Engine, &whole, &["up"]);
        site.succeed(Hand::Engine, &ours, &["up"]);
        assert_eq!(picture(&ours), picture(&whole), "{format}: the engine after us");
        if format == "golang-migrate" {
            // It marked its ledger, and refuses to go on; so do we, and we name what it says.
            let output = site.run(Hand::Ours, &theirs, &["up"]);
            assert!(!output.status.success() && said(&output).contains("dirty"), "{}", said(&output));
        } else {
            site.succeed(Hand::Ours, &theirs, &["up"]);
            assert_eq!(picture(&theirs), picture(&whole), "{format}: we after the engine");
        }
    }
}

#[test]
fn atlas_goes_on_at_the_statement_at_which_we_failed() {
    let Some(driver) = driver() else { return };
    let mut program = plain();
    program.0[3].up = &["CREATE TABLE half (x)", "INSERT INTO other VALUES (1)", "CREATE TABLE rest (x)"];
    program.0[3].transaction = false;
    let site = Site::new("atlas", &program, Some(driver));
    let (theirs, ours) = (site.database("theirs.db"), site.database("ours.db"));
    for (hand, database) in [(Hand::Engine, &theirs), (Hand::Ours, &ours)] {
        assert!(!site.run(hand, database, &["up"]).status.success());
        let connection = rusqlite::Connection::open(database).unwrap();
        connection.execute_batch("CREATE TABLE other (x)").unwrap();
    }
    assert_eq!(rows(&ours), rows(&theirs));
    for database in [&theirs, &ours] {
        site.succeed(Hand::Engine, database, &["up"]);
    }
    assert_eq!(picture(&ours), picture(&theirs));
}

/// How far each revision came, with the digests of the statements that were run.
fn rows(database: &std::path::Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let sql = "SELECT version || ' ' || applied || '/' || total || ' ' || error || ' ' || error_stmt || ' ' || hash || ' ' ||
               CAST(partial_hashes AS TEXT) || ' ' || typeof(partial_hashes) FROM atlas_schema_revisions ORDER BY version";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
