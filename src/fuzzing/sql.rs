//! Migrations, and the schemas of databases.

use super::text;
use crate::config::{ForeignKeys, Format, Wrap};
use crate::migration::lexer::tokens;
use crate::migration::{Ledger, SchemaPrint, SchemaRow, Script, Set};
use crate::version::SchemaVersion;

/// Files one after the other: a line `== NAME`, and then its content. The first byte says which format.
pub(super) fn migrations(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let Some(format) = FORMATS.get(usize::from(which.wrapping_sub(b'0'))) else { return };
    let files = String::from_utf8_lossy(rest).into_owned();
    let files = files.split("\n== ").filter_map(|file| file.split_once('\n'));
    let files: Vec<_> = files.map(|(name, sql)| (name.to_owned(), sql.as_bytes().to_vec())).collect();
    let Ok(set) = Set::read(*format, files.into_iter()) else { return };
    let order: Vec<&SchemaVersion> = set.migrations().iter().map(|migration| &migration.version).collect();
    assert!((0..order.len()).all(|at| !order.iter().skip(at + 1).any(|later| Some(later) == order.get(at))));
    let _ = (set.warnings(Wrap::Transaction), set.warnings(Wrap::Nothing));
    if let (Some(first), Some(latest)) = (order.first(), set.latest()) {
        assert!(set.up(None, latest).is_ok_and(|way| way.len() == order.len()));
        let _ = (set.up(Some(first), latest), set.down(latest, Some(first)), set.down(latest, None));
        for half in set.migrations().iter().flat_map(|migration| [&migration.up, &migration.down]).flatten() {
            let _ = (half.place(ForeignKeys::Ignored), half.place(ForeignKeys::Enforced));
            let script = half.script();
            assert!(script.is_ok(), "{script:?}");
            script.iter().for_each(|script| examine(script));
        }
    }
}

const FORMATS: &[Format] = &[Format::GolangMigrate, Format::Goose, Format::Dbmate, Format::SqlMigrate, Format::Atlas];

pub(super) fn script(bytes: &[u8]) {
    let Some(sql) = text(bytes) else { return };
    examine(&Script::whole("1.sql", sql));
    // Every token is a piece of the text, in order, and only white space and comments lie between them.
    let mut end = 0;
    for token in tokens(sql) {
        assert!(token.offset >= end && !token.text.is_empty());
        assert_eq!(sql.get(token.offset..token.offset + token.text.len()), Some(token.text));
        end = token.offset + token.text.len();
    }
}

fn examine(script: &Script) {
    let _ = (script.ends_engines_transaction(), script.deletes_from());
    let mut pieces = script.pieces.iter().map(|piece| &piece.sql[..]);
    let mut rest = pieces.next().unwrap_or_default();
    for statement in script.statements() {
        assert!(!statement.text.is_empty() && statement.line >= 1);
        while !rest.contains(statement.text) {
            let next = pieces.next();
            assert!(next.is_some(), "{statement:?}");
            rest = next.unwrap_or_default();
        }
        let at = rest.find(statement.text).unwrap_or_default();
        rest = rest.get(at + statement.text.len()..).unwrap_or_default();
    }
}

/// One `CREATE` a line: whoever owns the database chooses what stands in its schema.
pub(super) fn schema(bytes: &[u8]) {
    let sql = String::from_utf8_lossy(bytes);
    let Ok(ledger) = Ledger::of(Format::GolangMigrate, None) else { return };
    let row = |(number, sql): (usize, &str)| SchemaRow {
        kind: ["table", "index", "view", "trigger"].get(number % 4).copied().unwrap_or_default().to_owned(),
        name: format!("object_{}", number % 7),
        table: format!("table_{}", number % 5),
        sql: (!sql.is_empty()).then(|| sql.to_owned()),
    };
    let rows: Vec<SchemaRow> = sql.split('\n').enumerate().map(row).collect();
    let print = SchemaPrint::of(&rows, &ledger);
    assert!(print.drift_from(&print).is_empty());
    let fewer = SchemaPrint::of(rows.get(1..).unwrap_or_default(), &ledger);
    assert_eq!(fewer.drift_from(&print).is_empty(), fewer.fingerprint == print.fingerprint);
    let mut backwards = rows;
    backwards.retain(|row| row.sql.is_some());
    let names: std::collections::BTreeSet<_> = backwards.iter().map(|row| (&row.kind, &row.name)).collect();
    if names.len() == backwards.len() {
        let forwards = SchemaPrint::of(&backwards, &ledger);
        backwards.reverse();
        assert_eq!(SchemaPrint::of(&backwards, &ledger), forwards);
    }
    let _ = Ledger::of(Format::GolangMigrate, Some(&sql));
}
