//! Where a schema really stands when its ledger cannot be believed. It only looks: a ledger is never stamped.

use crate::config::ForeignKeys;
use crate::db::migrate::MigrateError;
use crate::db::schema::prints;
use crate::migration::{Ledger, SchemaPrint, Set};
use crate::version::SchemaVersion;

/// Where a schema stands in a set of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Exactly where this migration leads; nothing before the first one.
    At(Option<SchemaVersion>),
    /// It looks the same at each of these: what lies between them changes rows only.
    OneOf(Vec<Option<SchemaVersion>>),
    /// Nowhere: a migration was done in part, or somebody else changed it.
    Nowhere,
}

/// Compares a schema with the one that each migration of the set leads to.
///
/// # Errors
/// Migrations that fail on an empty database.
pub fn diagnose(
    set: &Set,
    live: &SchemaPrint,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
) -> Result<Standing, MigrateError> {
    let prints = prints(set, ledger, foreign_keys, set.migrations().len())?;
    let same = prints.into_iter().filter(|(_, print)| print.fingerprint == live.fingerprint);
    let mut schemas: Vec<_> = same.map(|(schema, _)| schema).collect();
    Ok(match (schemas.pop(), schemas.is_empty()) {
        (None, _) => Standing::Nowhere,
        (Some(only), true) => Standing::At(only),
        (Some(last), false) => {
            schemas.push(last);
            Standing::OneOf(schemas)
        }
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::config::Format;
    use crate::db::schema::{of_migrations, print};

    const FILES: [(&str, &str); 3] = [
        ("1_a.up.sql", "CREATE TABLE a (x)"),
        ("2_b.up.sql", "INSERT INTO a VALUES (1)"),
        ("3_c.up.sql", "VACUUM; ALTER TABLE a ADD COLUMN y; CREATE INDEX i ON a (y)"),
    ];

    fn standing(sql: &str) -> Standing {
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let files = FILES.iter().map(|(name, sql)| ((*name).to_owned(), sql.as_bytes().to_vec()));
        let set = Set::read(Format::GolangMigrate, files).unwrap();
        let live = Connection::open_in_memory().unwrap();
        live.execute_batch(sql).unwrap();
        diagnose(&set, &print(&live, &ledger).unwrap(), &ledger, ForeignKeys::Ignored).unwrap()
    }

    #[test]
    fn a_schema_is_placed_by_what_it_looks_like() {
        let number = |number| Some(SchemaVersion::Number(number));
        assert_eq!(standing(""), Standing::At(None));
        assert_eq!(standing("CREATE TABLE A ( x )"), Standing::OneOf(vec![number(1), number(2)]));
        assert_eq!(standing("CREATE TABLE a (x, y); CREATE INDEX i ON a (y)"), Standing::At(number(3)));
    }

    // FM-13: a migration that was cut off in the middle stands nowhere, whatever the ledger says.
    #[test]
    fn a_half_done_migration_stands_nowhere() {
        assert_eq!(standing("CREATE TABLE a (x, y)"), Standing::Nowhere);
    }

    #[test]
    fn the_schema_of_a_release_is_that_of_its_migrations() {
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let files = FILES.iter().map(|(name, sql)| ((*name).to_owned(), sql.as_bytes().to_vec()));
        let set = Set::read(Format::GolangMigrate, files).unwrap();
        let made = of_migrations(&set, &SchemaVersion::Number(3), &ledger, ForeignKeys::Enforced).unwrap();
        let objects: Vec<_> = made.objects.into_keys().collect();
        assert_eq!(objects, ["index i", "table a"]);
        assert!(of_migrations(&set, &SchemaVersion::Number(4), &ledger, ForeignKeys::Ignored).is_err());
    }
}
