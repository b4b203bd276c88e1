use proptest::prelude::*;

use super::*;
use crate::config::{ForeignKeys, Format};
use crate::migration::Half;

fn script(sql: &str) -> Script {
    Script::whole("1_a.up.sql", sql)
}

fn placed(script: Script, foreign_keys: ForeignKeys) -> Place {
    Half::held(Format::Goose, &"1_a.sql".into(), script).place(foreign_keys)
}

#[test]
fn a_trigger_is_one_statement_with_its_body() {
    let script = script(
        "CREATE TABLE t (a); -- one; two\n;;\nCREATE TRIGGER r AFTER INSERT ON t BEGIN\n  SELECT CASE WHEN 1 THEN ';' \
         END;\n  DELETE FROM t;\nEND;\nINSERT INTO t VALUES ('END;')",
    );
    let statements: Vec<_> = script.statements().collect();
    let found: Vec<_> = statements.iter().map(|statement| (statement.line, statement.text)).collect();
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], (1, "CREATE TABLE t (a);"));
    assert!(found[1].0 == 3 && found[1].1.ends_with("END;"));
    assert_eq!(found[2], (7, "INSERT INTO t VALUES ('END;')"));
}

#[test]
fn what_needs_its_own_transaction_runs_alone() {
    let declared = Script { transaction: Transaction::Nothing, ..script("SELECT 1") };
    assert_eq!(placed(declared, ForeignKeys::Ignored), Place::Alone(Reason::Declared));
    for (sql, place) in [
        ("BEGIN; SELECT 1; COMMIT;", Place::Alone(Reason::OwnTransaction)),
        ("SELECT 1; end transaction", Place::Alone(Reason::OwnTransaction)),
        ("ROLLBACK", Place::Alone(Reason::OwnTransaction)),
        ("-- x\nVACUUM", Place::Alone(Reason::Vacuum)),
        ("PRAGMA main.Foreign_Keys = OFF", Place::Alone(Reason::Pragma("foreign_keys"))),
        ("PRAGMA journal_mode(wal)", Place::Alone(Reason::Pragma("journal_mode"))),
        ("SELECT 1; PRAGMA journal_mode = wal; CREATE TABLE t (x)", Place::Alone(Reason::Pragma("journal_mode"))),
        ("CREATE TABLE IF NOT EXISTS t (x); PRAGMA journal_mode = wal", Place::Alone(Reason::Pragma("journal_mode"))),
        ("CREATE TABLE t (x); PRAGMA journal_mode = wal", Place::Together),
        ("SAVEPOINT a; ROLLBACK TO a; RELEASE a; PRAGMA user_version = 3", Place::Together),
        ("CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;", Place::Together),
        ("INSERT INTO t VALUES ('BEGIN; VACUUM'); -- COMMIT;", Place::Together),
        ("", Place::Together),
    ] {
        assert_eq!(placed(script(sql), ForeignKeys::Enforced), place, "{sql}");
    }
}

#[test]
fn a_setting_of_foreign_keys_costs_a_file_its_transaction_only_where_they_are_enforced() {
    let rebuild = script("PRAGMA foreign_keys = OFF; DROP TABLE t; PRAGMA foreign_keys = ON");
    assert_eq!(placed(rebuild.clone(), ForeignKeys::Enforced), Place::Alone(Reason::Pragma("foreign_keys")));
    assert_eq!(placed(rebuild, ForeignKeys::Ignored), Place::Together);
    let own = script("PRAGMA foreign_keys = OFF; BEGIN; DROP TABLE t; COMMIT");
    assert_eq!(placed(own, ForeignKeys::Ignored), Place::Alone(Reason::OwnTransaction));
}

#[test]
fn only_deletes_that_are_written_out_count_as_meant() {
    let sql = "DELETE FROM a; WITH x AS (SELECT 1) DELETE FROM main.[B c]; REPLACE INTO \"d\" VALUES (1);
               INSERT OR REPLACE INTO e VALUES (1); UPDATE OR REPLACE f SET a = 1; DROP TABLE g;
               CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM h; END;
               CREATE TABLE i (a REFERENCES t ON DELETE CASCADE); SELECT replace(a, 'b', 'c') FROM t;";
    let found: Vec<_> = script(sql).deletes_from().into_iter().collect();
    assert_eq!(found, ["a", "b c", "d", "e", "f"]);
}

#[test]
fn a_script_does_the_same_whatever_its_comments_say() {
    let one = script("CREATE TABLE a (x); -- first");
    assert!(one.does_as(&script("/* one */ CREATE TABLE a (\n x\n);")));
    assert!(!one.does_as(&script("CREATE TABLE a (y);")));
}

#[test]
fn bytes_that_are_no_utf8_may_stand_in_comments_alone() {
    assert_eq!(text("a", b"-- caf\xe9\nSELECT 1 /* \xff */;").unwrap(), "-- caf\u{fffd}\nSELECT 1 /* \u{fffd} */;");
    for sql in [b"SELECT 'caf\xe9';".as_slice(), b"SELECT caf\xe9", b"-- x\n\xe9", b"SELECT 1;\0"] {
        assert!(text("a", sql).is_err(), "{sql:?}");
    }
    // One that was written as such is a letter like any other.
    assert!(text("a", "SELECT '\u{fffd}'".as_bytes()).is_ok());
}

#[test]
fn a_piece_without_a_semicolon_does_not_run_into_the_next() {
    let piece = |sql: &str, line| Piece { sql: sql.to_owned(), line };
    let pieces = vec![piece("CREATE TABLE a (x)", 2), piece("\nDROP TABLE b; SELECT 1", 4)];
    let script = Script { pieces, ..script("") };
    let found: Vec<_> = script.statements().map(|statement| (statement.line, statement.text)).collect();
    assert_eq!(found, [(2, "CREATE TABLE a (x)"), (5, "DROP TABLE b;"), (5, "SELECT 1")]);
}

proptest! {
    #[test]
    fn any_text_has_statements(sql in "((?i)(create|trigger|begin|end|;|'|x|\n|delete|from|pragma| |\\.)|\\PC)*") {
        let script = script(&sql);
        let (_, _) = (placed(script.clone(), ForeignKeys::Ignored), script.deletes_from());
        prop_assert!(script.statements().all(|statement| !statement.text.is_empty()));
    }
}
