//! From what was asked to the migrations that lead there.

use crate::cli::arguments::MigrateVerb;
use crate::migration::{MigrationError, Set, Work};
use crate::plan::Refusal;
use crate::version::SchemaVersion;

/// A way to another schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Where it starts; none before the first migration.
    pub from: Option<SchemaVersion>,
    /// What is to be run, in order.
    pub works: Vec<Work>,
    /// How many migrations were asked for, where there are fewer.
    pub short_of: Option<usize>,
}

impl Way {
    /// Where it ends; none before the first migration.
    pub fn to(&self) -> Option<&SchemaVersion> {
        self.works.last().map_or(self.from.as_ref(), |last| last.lands_on())
    }
}

/// The way from a schema that `verb` asks for. To look goes nowhere.
///
/// # Errors
/// A schema that none of the migrations leads to: where the database stands, or where it should go.
pub fn way(set: &Set, from: Option<&SchemaVersion>, verb: &MigrateVerb) -> Result<Way, Refusal> {
    let start = applied(set, from)?;
    let all = set.migrations().len();
    let (end, short_of) = match verb {
        MigrateVerb::Up { count: None } => (all, None),
        MigrateVerb::Up { count: Some(count) } => {
            (start.saturating_add(*count).min(all), (*count > all - start).then_some(*count))
        }
        MigrateVerb::Down { count } => (start.saturating_sub(*count), (*count > start).then_some(*count)),
        MigrateVerb::Goto { version } => (target(set, *version)?, None),
        MigrateVerb::Version
        | MigrateVerb::Status
        | MigrateVerb::Test { .. }
        | MigrateVerb::New { .. }
        | MigrateVerb::Lint(_) => (start, None),
    };
    let to = end.checked_sub(1).and_then(|last| set.migrations().get(last)).map(|migration| &migration.version);
    let works = match (from, to) {
        (_, Some(to)) if end > start => set.up(from, to),
        (Some(from), to) if end < start => set.down(from, to),
        _ => Ok(Vec::new()),
    };
    let works = works.map_err(|error| match &error {
        MigrationError::NoWayBack { .. } => Refusal::new("no-way-back", error.to_string(), NO_WAY_BACK),
        error => Refusal::new("unknown-schema", error.to_string(), LOOK),
    })?;
    Ok(Way { from: from.cloned(), works, short_of })
}

const NO_WAY_BACK: &str = "put back a backup that was made before that migration, or write a migration that undoes it";

const LOOK: &str = "see `gantry-installer migrate status` for what there is";

/// How many migrations are applied at a schema.
fn applied(set: &Set, schema: Option<&SchemaVersion>) -> Result<usize, Refusal> {
    let Some(schema) = schema else { return Ok(0) };
    set.position(schema).map(|position| position + 1).ok_or_else(|| {
        Refusal::new(
            "unknown-schema",
            format!("the database is at schema {schema}, and none of these migrations leads to it: {}", known(set)),
            "use the migrations of the release that made this schema",
        )
    })
}

fn target(set: &Set, version: i64) -> Result<usize, Refusal> {
    let wanted = SchemaVersion::Number(version);
    if let Some(position) = set.position(&wanted) {
        return Ok(position + 1);
    }
    let distance = |schema: &&SchemaVersion| match schema {
        SchemaVersion::Number(number) => number.abs_diff(version),
        SchemaVersion::Text(_) => u64::MAX,
    };
    let nearest = set.migrations().iter().map(|migration| &migration.version).min_by_key(distance);
    let remedy = nearest.map_or(LOOK.to_owned(), |nearest| format!("the nearest is {nearest}; {LOOK}"));
    Err(Refusal::new("unknown-schema", format!("no migration leads to schema {version}: {}", known(set)), remedy))
}

fn known(set: &Set) -> String {
    match set.migrations() {
        [] => "there are none".to_owned(),
        [only] => format!("there is only {}", only.version),
        [first, .., last] => format!("there are {} to {}", first.version, last.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    fn set() -> Set {
        let files = [1, 4, 6].map(|number| (format!("{number}_m.up.sql"), Vec::new()));
        Set::read(Format::GolangMigrate, files.into_iter()).unwrap()
    }

    /// Where the way ends, and what it is short of.
    fn end(from: Option<i64>, verb: MigrateVerb) -> (Option<SchemaVersion>, Option<usize>) {
        let way = way(&set(), from.map(SchemaVersion::Number).as_ref(), &verb).unwrap();
        (way.to().cloned(), way.short_of)
    }

    fn at(number: i64) -> Option<SchemaVersion> {
        Some(SchemaVersion::Number(number))
    }

    #[test]
    fn up_takes_all_or_as_many_as_asked_and_says_when_there_are_fewer() {
        assert_eq!(end(None, MigrateVerb::Up { count: None }), (at(6), None));
        assert_eq!(end(Some(1), MigrateVerb::Up { count: Some(1) }), (at(4), None));
        assert_eq!(end(Some(4), MigrateVerb::Up { count: Some(usize::MAX) }), (at(6), Some(usize::MAX)));
        assert_eq!(end(Some(6), MigrateVerb::Up { count: Some(1) }), (at(6), Some(1)));
        assert_eq!(end(Some(6), MigrateVerb::Up { count: None }), (at(6), None));
    }

    #[test]
    fn down_takes_as_many_back_as_asked_and_says_when_there_are_fewer() {
        assert_eq!(end(Some(6), MigrateVerb::Down { count: 1 }), (at(4), None));
        assert_eq!(end(Some(4), MigrateVerb::Down { count: 2 }), (None, None));
        assert_eq!(end(Some(4), MigrateVerb::Down { count: 3 }), (None, Some(3)));
        assert_eq!(end(None, MigrateVerb::Down { count: 1 }), (None, Some(1)));
    }

    #[test]
    fn goto_goes_either_way_and_a_look_goes_nowhere() {
        assert_eq!(end(None, MigrateVerb::Goto { version: 4 }), (at(4), None));
        assert_eq!(end(Some(6), MigrateVerb::Goto { version: 1 }), (at(1), None));
        assert_eq!(end(Some(4), MigrateVerb::Goto { version: 4 }), (at(4), None));
        assert_eq!(end(Some(4), MigrateVerb::Status), (at(4), None));
    }

    #[test]
    fn a_schema_that_no_migration_leads_to_is_refused_with_what_there_is() {
        let refused = way(&set(), None, &MigrateVerb::Goto { version: 5 }).unwrap_err();
        assert_eq!(refused.message, "no migration leads to schema 5: there are 1 to 6");
        assert!(refused.remedy.starts_with("the nearest is 4;"), "{}", refused.remedy);
        let lost = way(&set(), at(9).as_ref(), &MigrateVerb::Up { count: None }).unwrap_err();
        assert!(lost.message.starts_with("the database is at schema 9,"), "{}", lost.message);
    }
}
