//! Which schema a database is at that keeps no account which could be read: by what it looks like.

use std::collections::BTreeMap;

use crate::migration::{SchemaPrint, Severity};
use crate::version::SchemaVersion;

/// The schema among `prints`, which are by the schemas' names, that a database looks like. `order` is oldest first, and
/// `own` the schema of the release in question.
///
/// Where two of them look the same, it is the release's own, else the newest. With additions that do no harm, it is the
/// newest that it is an addition to. What looks like none of them counts as a changed one of the release's own, so that
/// the difference is told.
pub fn recognise(
    found: &SchemaPrint,
    prints: &BTreeMap<String, SchemaPrint>,
    order: &[SchemaVersion],
    own: Option<&SchemaVersion>,
) -> Option<SchemaVersion> {
    let newest_first = order.iter().rev();
    let looks =
        |schema: &SchemaVersion, like: &dyn Fn(&SchemaPrint) -> bool| prints.get(&schema.to_string()).is_some_and(like);
    let same = |print: &SchemaPrint| print.fingerprint == found.fingerprint;
    let grown = |print: &SchemaPrint| found.drift_from(print).iter().all(|drift| drift.severity == Severity::Tolerated);
    let exactly = own.into_iter().chain(newest_first.clone()).find(|schema| looks(schema, &same));
    exactly.or_else(|| newest_first.chain(own).find(|schema| looks(schema, &grown))).or(own).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;
    use crate::migration::{Ledger, SchemaRow};

    fn print(tables: &[&str]) -> SchemaPrint {
        let row = |name: &&str| SchemaRow {
            kind: "table".to_owned(),
            name: (*name).to_owned(),
            table: (*name).to_owned(),
            sql: Some(format!("CREATE TABLE {name} (x)")),
        };
        let rows: Vec<_> = tables.iter().map(row).collect();
        SchemaPrint::of(&rows, &Ledger::of(Format::Command, None).unwrap())
    }

    fn name(name: &str) -> SchemaVersion {
        SchemaVersion::Text(name.to_owned())
    }

    /// With `one` and `two` of one look, and `three` with a table more.
    fn recognised(tables: &[&str], own: &str) -> Option<SchemaVersion> {
        let prints = [("one", print(&["a"])), ("two", print(&["a"])), ("three", print(&["a", "b"]))];
        let prints = prints.map(|(schema, print)| (schema.to_owned(), print)).into();
        recognise(&print(tables), &prints, &["one", "two", "three"].map(name), Some(&name(own)))
    }

    #[test]
    fn a_schema_is_the_one_that_it_looks_like() {
        assert_eq!(recognised(&["a", "b"], "one"), Some(name("three")));
        assert_eq!(recognised(&["a"], "three"), Some(name("two")));
        assert_eq!(recognised(&["a"], "one"), Some(name("one")), "of two that look the same the release's own");
    }

    #[test]
    fn additions_of_somebody_else_do_not_hide_it_and_a_change_is_one_of_the_own() {
        assert_eq!(recognised(&["a", "b", "mine"], "one"), Some(name("three")));
        assert_eq!(recognised(&["a", "mine"], "three"), Some(name("two")));
        assert_eq!(recognised(&["b"], "one"), Some(name("one")));
        assert_eq!(recognise(&print(&["z"]), &BTreeMap::new(), &[], None), None);
    }
}
