//! golang-migrate v4: `N_title.up.ext` and `N_title.down.ext`, numeric order, one row in the ledger.
//!
//! The names it takes match `^([0-9]+)_(.*)\.(down|up)\.(.*)$`; leading zeros do not count. Everything else in the
//! directory it ignores without a word.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Format;
use crate::migration::files::Reading;
use crate::migration::script::text;
use crate::migration::{Direction, Migration, MigrationError, Script, Set, names};
use crate::version::SchemaVersion;

/// Makes the set of files that are sorted by name.
pub(super) fn read(mut files: Reading<'_>) -> Result<Set, MigrationError> {
    let mut migrations: BTreeMap<i64, Arc<Migration>> = BTreeMap::new();
    let mut ignored = Vec::new();
    for entry in files.files.entries() {
        let Some(name) = Name::parse(entry.name) else {
            ignored.push(names::ignored(Format::GolangMigrate, entry.name));
            continue;
        };
        let taken = files.take(entry)?;
        let file = || entry.name.to_owned();
        let version = name.version.parse().map_err(|_| MigrationError::VersionTooLarge { file: file() })?;
        let half = files.half(&taken, name.direction, Script::whole(file(), text(entry.name, &taken.bytes)?))?;
        let migration = migrations.entry(version).or_insert_with(|| {
            let (version, name) = (SchemaVersion::Number(version), name.title.to_owned());
            Arc::new(Migration { version, name, up: None, down: None, sum: None })
        });
        let migration = Arc::make_mut(migration);
        let place = match name.direction {
            Direction::Up => {
                name.title.clone_into(&mut migration.name);
                &mut migration.up
            }
            Direction::Down => &mut migration.down,
        };
        if let Some(first) = place.replace(half) {
            return Err(MigrationError::Duplicate { first: first.file().to_owned(), second: file() });
        }
    }
    Set::new(Format::GolangMigrate, migrations.into_values().collect(), ignored)
}

/// The scripts of one file, of which it has one.
pub(super) fn scripts(file: &str, bytes: &[u8]) -> Result<(Option<Script>, Option<Script>), MigrationError> {
    let script = Some(Script::whole(file, text(file, bytes)?));
    Ok(match Name::parse(file).map(|name| name.direction) {
        Some(Direction::Up) => (script, None),
        Some(Direction::Down) => (None, script),
        None => (None, None),
    })
}

/// Whether a file has a name that it takes.
pub(super) fn takes(file: &str) -> bool {
    Name::parse(file).is_some()
}

struct Name<'a> {
    version: &'a str,
    title: &'a str,
    direction: Direction,
}

impl<'a> Name<'a> {
    fn parse(file: &'a str) -> Option<Self> {
        let (version, rest) = file.split_once('_')?;
        let numbered = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        // A number that it cannot read makes the name none of its own.
        let numbered = numbered && version.parse::<u64>().is_ok();
        // The pattern's dots match no line feed, and its title is greedy: the last `.up.` or `.down.` counts.
        if !numbered || rest.contains('\n') {
            return None;
        }
        let (up, down) = (rest.rfind(".up."), rest.rfind(".down."));
        let direction = if up > down { Direction::Up } else { Direction::Down };
        let title = rest.get(..up.max(down)?)?;
        Some(Self { version, title, direction })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Wrap;
    use crate::migration::{Warning, Work};

    fn set(names: &[&str]) -> Result<Set, MigrationError> {
        let file = |name: &&str| ((*name).to_owned(), format!("-- {name}").into_bytes());
        Set::read(Format::GolangMigrate, names.iter().map(file))
    }

    fn number(number: i64) -> SchemaVersion {
        SchemaVersion::Number(number)
    }

    #[test]
    fn files_are_ordered_by_number_and_paired_by_it() {
        let set = set(&["10_c.up.sql", "9_b.up.sql", "009_other.down.sql", "0_.up.", "1_a.b.up.down.sql"]).unwrap();
        let found: Vec<_> = set.migrations().iter().map(|m| (m.version.to_string(), m.name.as_str())).collect();
        assert_eq!(found, [("0".into(), ""), ("1".into(), "a.b.up"), ("9".into(), "b"), ("10".into(), "c")]);
        assert_eq!(set.migrations()[2].down.as_ref().unwrap().file(), "009_other.down.sql");
        assert_eq!(set.latest(), Some(&number(10)));
    }

    #[test]
    fn what_is_not_named_like_a_migration_is_ignored_and_named() {
        let names = ["a_b.up.sql", "README.md", "1.up.sql", "1_a.sql", "1_a.UP.sql", "-1_a.up.sql", "1_a\n.up.sql"];
        let set = set(&names).unwrap();
        assert!(set.migrations().is_empty());
        assert_eq!(set.warnings(Wrap::Transaction).len(), names.len());
    }

    #[test]
    fn two_files_for_one_thing_are_refused_by_name() {
        let duplicate = MigrationError::Duplicate { first: "001_a.up.sql".into(), second: "1_b.up.sql".into() };
        assert_eq!(set(&["1_b.up.sql", "001_a.up.sql"]), Err(duplicate));
    }

    #[test]
    fn a_version_that_the_engine_cannot_count_to_is_refused() {
        assert!(set(&["9223372036854775807_a.up.sql"]).is_ok());
        for file in ["9223372036854775808_a.up.sql", "18446744073709551615_a.up.sql"] {
            assert_eq!(set(&[file]), Err(MigrationError::VersionTooLarge { file: file.to_owned() }));
        }
    }

    #[test]
    fn a_number_that_the_engine_cannot_read_is_passed_over_with_the_reason() {
        for file in ["18446744073709551616_a.up.sql", "00000000000000000000018446744073709551616_a.down.sql"] {
            let set = set(&["1_a.up.sql", "1_a.down.sql", file]).unwrap();
            assert_eq!(set.migrations().len(), 1);
            let told = set.warnings(Wrap::Transaction)[0].to_string();
            assert!(told.contains("its number is above 18446744073709551615"), "{told}");
        }
        assert_eq!(set(&["00000000000000000000000000000007_a.up.sql"]).unwrap().latest(), Some(&number(7)));
    }

    #[test]
    fn a_migration_without_a_down_file_is_named() {
        let warning = Warning::Nil { version: number(1), direction: Direction::Down };
        assert_eq!(set(&["1_a.up.sql"]).unwrap().warnings(Wrap::Transaction), [warning]);
    }

    fn steps(works: &[Work]) -> Vec<(String, Option<SchemaVersion>)> {
        works.iter().map(|work| (work.label(), work.lands_on().cloned())).collect()
    }

    #[test]
    fn the_way_up_and_the_way_down_say_what_the_ledger_says_after_each_step() {
        let set = set(&["1_a.up.sql", "1_a.down.sql", "4_b.up.sql", "6_c.up.sql", "6_c.down.sql"]).unwrap();
        let up = set.up(Some(&number(1)), &number(6)).unwrap();
        assert_eq!(steps(&up), [("4_b.up.sql".into(), Some(number(4))), ("6_c.up.sql".into(), Some(number(6)))]);
        let down = set.down(&number(6), None).unwrap();
        let expected = [
            ("6_c.down.sql".into(), Some(number(4))),
            ("migration 4".into(), Some(number(1))),
            ("1_a.down.sql".into(), None),
        ];
        assert_eq!(steps(&down), expected);
        assert_eq!(down[0].starts_from(), Some(&number(6)));
        assert!(set.up(Some(&number(6)), &number(6)).unwrap().is_empty());
    }

    #[test]
    fn a_way_to_a_schema_that_is_not_there_or_lies_the_other_way_is_refused() {
        let set = set(&["1_a.up.sql", "2_b.up.sql"]).unwrap();
        assert_eq!(set.up(Some(&number(1)), &number(3)), Err(MigrationError::Unknown(number(3))));
        assert_eq!(set.up(Some(&number(7)), &number(2)), Err(MigrationError::Unknown(number(7))));
        let message = set.up(Some(&number(2)), &number(1)).unwrap_err().to_string();
        assert_eq!(message, "schema 1 is not above schema 2");
        assert!(set.down(&number(1), Some(&number(2))).is_err());
    }

    proptest! {
        #[test]
        fn any_names_and_bytes_are_read_or_refused(
            files in proptest::collection::vec(("([0-9]{1,25}_)?(a|\\.|up|down|\\PC){0,6}(\\.up\\.sql)?", any::<Vec<u8>>()), 0..6)
        ) {
            if let Ok(set) = Set::read(Format::GolangMigrate, files.into_iter()) {
                prop_assert!(set.migrations().windows(2).all(|pair| pair[0].version != pair[1].version));
            }
        }
    }
}
