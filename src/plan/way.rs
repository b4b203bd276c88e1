//! From what was asked to the migrations that lead there.

use std::collections::HashSet;

use super::Refusal;
use crate::config::Format;
use crate::migration::ledger::{LedgerState, LeftOut, Shape, Stand};
use crate::migration::{Direction, MigrationError, Set, Work};
use crate::nearest::nearest;
use crate::version::SchemaVersion;

/// A way to another schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Where it starts; none before the first migration.
    pub from: Option<SchemaVersion>,
    /// Where it ends; none before the first migration.
    pub to: Option<SchemaVersion>,
    /// What is to be run, in order.
    pub works: Vec<Work>,
    /// How many migrations were asked for, where there are fewer.
    pub short_of: Option<usize>,
}

/// Where a way is to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Up by so many migrations, or by all that there are.
    Up(Option<usize>),
    /// Down by so many.
    Down(usize),
    /// Up or down to this schema, as it is typed.
    Goto(String),
}

/// The way that `course` asks for, from where the ledger stands. What was left out is treated as the engine does.
///
/// # Errors
/// A schema that none of the migrations leads to: where the database stands, or where it should go. Whatever the engine
/// itself would refuse.
pub fn way(set: &Set, state: &LedgerState, course: &Course) -> Result<Way, Refusal> {
    let Stand { schema: from, holes, .. } = state.stand(set.versions());
    let start = applied(set, from.as_ref())?;
    let ground = Ground { set, state, start, from, holes: holes.iter().collect() };
    let all = set.migrations().len();
    match course {
        Course::Up(None) => ground.up(all, None),
        Course::Up(Some(count)) => {
            ground.up(start.saturating_add(*count).min(all), (*count > all - start).then_some(*count))
        }
        Course::Down(count) => ground.down(*count),
        Course::Goto(version) => match target(set, version)? {
            end if end < start => ground.back_to(end),
            end => ground.up(end, None),
        },
    }
}

/// What a way is looked for on.
struct Ground<'a> {
    set: &'a Set,
    state: &'a LedgerState,
    /// How many migrations stand at or below the schema.
    start: usize,
    from: Option<SchemaVersion>,
    /// Those of them that are not applied.
    holes: HashSet<&'a SchemaVersion>,
}

impl Ground<'_> {
    /// What was left out, and on to the first `end` of the list.
    fn up(self, end: usize, short_of: Option<usize>) -> Result<Way, Refusal> {
        let Self { start, holes, .. } = &self;
        if !holes.is_empty() && self.policy() == LeftOut::Refused {
            return Err(self.left_out(holes.iter().copied(), "up"));
        }
        let works = self.set.select(Direction::Up, |position, version| {
            position < end && (position >= *start || holes.contains(version))
        });
        let works = works.map_err(refused)?;
        let mut passed = works.iter().map(Work::version).filter(|version| self.has_passed(version)).peekable();
        if passed.peek().is_some() {
            return Err(self.left_out(passed, "up"));
        }
        let to = if end > *start { self.version(end) } else { self.from.clone() };
        Ok(Way { works, to, from: self.from, short_of })
    }

    /// Whether a later version is applied, where the engine goes by versions: a file that comes later by its name may have
    /// a smaller one.
    fn has_passed(&self, version: &SchemaVersion) -> bool {
        match (self.state, version) {
            (LedgerState::Applied { versions, .. }, SchemaVersion::Text(own)) if self.shape().goes_by_version => {
                versions.iter().any(|applied| matches!(applied, SchemaVersion::Text(applied) if applied > own))
            }
            _ => false,
        }
    }

    /// So many as the engine would take back one after the other.
    fn down(self, count: usize) -> Result<Way, Refusal> {
        let order: Vec<&SchemaVersion> = match self.state {
            LedgerState::Applied { versions, .. } if self.shape().undoes_latest => versions.iter().rev().collect(),
            _ => {
                let below: Vec<_> = self.set.versions().take(self.start).collect();
                below.into_iter().rev().filter(|version| !self.holes.contains(version)).collect()
            }
        };
        let short_of = (count > order.len()).then_some(count);
        let chosen: HashSet<_> = order.into_iter().take(count).cloned().collect();
        Ok(Way { short_of, ..self.taking_back(|_, version| chosen.contains(version))? })
    }

    /// All that stands above the first `end` of the list.
    fn back_to(self, end: usize) -> Result<Way, Refusal> {
        self.taking_back(|position, _| position >= end)
    }

    fn taking_back(self, wanted: impl Fn(usize, &SchemaVersion) -> bool) -> Result<Way, Refusal> {
        if !self.holes.is_empty() && self.policy() == LeftOut::AppliedFirst {
            return Err(self.left_out(self.holes.iter().copied(), "down"));
        }
        let applied = |position, version: &SchemaVersion| position < self.start && !self.holes.contains(version);
        let works = self
            .set
            .select(Direction::Down, |position, version| applied(position, version) && wanted(position, version));
        let stays = self.set.versions().enumerate();
        let stays = stays.filter(|(position, version)| applied(*position, version) && !wanted(*position, version));
        let to = stays.last().map(|(_, version)| version.clone());
        Ok(Way { works: works.map_err(refused)?, to, from: self.from, short_of: None })
    }

    fn shape(&self) -> &'static Shape {
        Shape::of(self.set.format())
    }

    fn policy(&self) -> LeftOut {
        self.shape().left_out
    }

    fn version(&self, end: usize) -> Option<SchemaVersion> {
        let last = end.checked_sub(1).and_then(|last| self.set.migrations().get(last));
        last.map(|migration| migration.version.clone())
    }

    fn left_out<'v>(&self, holes: impl Iterator<Item = &'v SchemaVersion>, way: &str) -> Refusal {
        let holes: Vec<_> = holes.map(ToString::to_string).collect();
        let remedy = match self.set.format() {
            Format::Goose => "give the file a later number, or apply it with `goose -allow-missing up`",
            Format::Atlas => {
                "give the file a later version, or apply it with `atlas migrate apply --exec-order non-linear`"
            }
            _ => "apply what was left out first, with `up`",
        };
        Refusal::new(
            "left-out",
            format!("a later migration than {} is applied and it is not: there is no way {way}", holes.join(", ")),
            remedy,
        )
    }
}

fn refused(error: MigrationError) -> Refusal {
    match &error {
        MigrationError::NoWayBack { .. } => Refusal::new("no-way-back", error.to_string(), NO_WAY_BACK),
        _ => Refusal::new("unknown-schema", error.to_string(), LOOK),
    }
}

const NO_WAY_BACK: &str = "put back a backup that was made before that migration, or write a migration that undoes it";

const LOOK: &str = "see `gantry-installer migrate status` for what there is";

/// How many migrations stand at or below a schema.
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

fn target(set: &Set, typed: &str) -> Result<usize, Refusal> {
    let wanted = set.format().schema(typed);
    if let Some(position) = wanted.as_ref().and_then(|wanted| set.position(wanted)) {
        return Ok(position + 1);
    }
    let nearest = match wanted {
        Some(SchemaVersion::Number(wanted)) => {
            let numbers = set.versions().filter_map(|schema| match schema {
                SchemaVersion::Number(number) => Some(*number),
                SchemaVersion::Text(_) => None,
            });
            numbers.min_by_key(|number| number.abs_diff(wanted)).map(|number| number.to_string())
        }
        _ => {
            let names: Vec<_> = set.versions().map(ToString::to_string).collect();
            nearest(typed, names.iter().map(String::as_str)).map(str::to_owned)
        }
    };
    let remedy = nearest.map_or(LOOK.to_owned(), |nearest| format!("the nearest is {nearest}; {LOOK}"));
    Err(Refusal::new("unknown-schema", format!("no migration leads to schema {typed}: {}", known(set)), remedy))
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

    fn state(at: Option<i64>) -> LedgerState {
        at.map_or(LedgerState::Empty, |at| LedgerState::At { schema: SchemaVersion::Number(at), dirty: false })
    }

    fn goto(version: &str) -> Course {
        Course::Goto(version.to_owned())
    }

    /// Where the way ends, and what it is short of.
    fn end(from: Option<i64>, course: Course) -> (Option<SchemaVersion>, Option<usize>) {
        let way = way(&set(), &state(from), &course).unwrap();
        (way.to, way.short_of)
    }

    fn at(number: i64) -> Option<SchemaVersion> {
        Some(SchemaVersion::Number(number))
    }

    #[test]
    fn up_takes_all_or_as_many_as_asked_and_says_when_there_are_fewer() {
        assert_eq!(end(None, Course::Up(None)), (at(6), None));
        assert_eq!(end(Some(1), Course::Up(Some(1))), (at(4), None));
        assert_eq!(end(Some(4), Course::Up(Some(usize::MAX))), (at(6), Some(usize::MAX)));
        assert_eq!(end(Some(6), Course::Up(Some(1))), (at(6), Some(1)));
        assert_eq!(end(Some(6), Course::Up(None)), (at(6), None));
    }

    #[test]
    fn a_file_of_atlas_with_a_smaller_version_than_one_that_is_applied_comes_too_late() {
        // By their names they run in this order.
        let set = Set::sample(Format::Atlas, &[("10", "", ""), ("1", "", ""), ("2", "", "")]);
        let applied = |versions: &[&str]| LedgerState::Applied {
            versions: versions.iter().map(|version| SchemaVersion::Text((*version).to_owned())).collect(),
            broken: None,
            baseline: true,
        };
        assert_eq!(way(&set, &LedgerState::Empty, &Course::Up(None)).unwrap().works.len(), 3);
        let refusal = way(&set, &applied(&["10"]), &Course::Up(None)).unwrap_err();
        assert!(refusal.message.starts_with("a later migration than 1 is applied"), "{refusal:?}");
        assert!(way(&set, &applied(&["10", "1", "2"]), &Course::Up(None)).unwrap().works.is_empty());
        assert_eq!(way(&set, &applied(&["10", "1"]), &Course::Up(None)).unwrap().works.len(), 1);
    }

    #[test]
    fn down_takes_as_many_back_as_asked_and_says_when_there_are_fewer() {
        assert_eq!(end(Some(6), Course::Down(1)), (at(4), None));
        assert_eq!(end(Some(4), Course::Down(2)), (None, None));
        assert_eq!(end(Some(4), Course::Down(3)), (None, Some(3)));
        assert_eq!(end(None, Course::Down(1)), (None, Some(1)));
    }

    #[test]
    fn goto_goes_either_way_and_a_look_goes_nowhere() {
        assert_eq!(end(None, goto("4")), (at(4), None));
        assert_eq!(end(Some(6), goto("1")), (at(1), None));
        assert_eq!(end(Some(4), goto("4")), (at(4), None));
    }

    #[test]
    fn a_schema_that_no_migration_leads_to_is_refused_with_what_there_is() {
        let refused = way(&set(), &state(None), &goto("5")).unwrap_err();
        assert_eq!(refused.message, "no migration leads to schema 5: there are 1 to 6");
        assert!(refused.remedy.starts_with("the nearest is 4;"), "{}", refused.remedy);
        let lost = way(&set(), &state(Some(9)), &Course::Up(None)).unwrap_err();
        assert!(lost.message.starts_with("the database is at schema 9,"), "{}", lost.message);
    }
}
