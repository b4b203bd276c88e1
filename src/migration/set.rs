//! The migrations of one release, in the order in which their engine runs them.

use std::collections::HashMap;
use std::sync::Arc;

use super::files::{File, Files, Reading};
use super::{Direction, Half, Migration, MigrationError, Script, Warning, Work};
use super::{atlas, dbmate, golang_migrate, goose, layout, sql_migrate};
use crate::config::Format;
use crate::version::SchemaVersion;

type Result<T> = std::result::Result<T, MigrationError>;

/// The migrations of one release, in their engine's order of files; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set(Arc<Content>);

#[derive(Debug, PartialEq, Eq)]
struct Content {
    format: Format,
    migrations: Vec<Arc<Migration>>,
    positions: HashMap<SchemaVersion, usize>,
    warnings: Vec<Warning>,
}

impl Set {
    /// Makes the set of the files of one directory, in any order.
    ///
    /// # Errors
    /// Two files for one thing, and files that match the format but cannot be run. Other files are ignored, as their
    /// engine does, and named by [`Set::warnings`].
    pub fn read(format: Format, files: impl Iterator<Item = File>) -> Result<Self> {
        Self::of_files(format, &Files::held(files))
    }

    pub(super) fn of_files(format: Format, files: &Files) -> Result<Self> {
        let reading = Reading::new(format, files);
        let set = match format {
            Format::GolangMigrate => golang_migrate::read(reading),
            Format::Goose => goose::read(reading),
            Format::Dbmate => dbmate::read(reading),
            Format::SqlMigrate => sql_migrate::read(reading),
            Format::Atlas => atlas::read(reading),
            Format::Command => Err(MigrationError::NoFiles),
        };
        layout::checked(format, set, files)
    }

    /// `migrations` in the order in which their engine runs them; `warnings` are what the reader found odd.
    ///
    /// # Errors
    /// Two migrations of one version.
    pub(super) fn new(format: Format, migrations: Vec<Arc<Migration>>, warnings: Vec<Warning>) -> Result<Self> {
        let mut positions: HashMap<SchemaVersion, usize> = HashMap::with_capacity(migrations.len());
        for (position, migration) in migrations.iter().enumerate() {
            if let Some(first) = positions.insert(migration.version.clone(), position) {
                let first = migrations.get(first).map_or_else(String::new, |first| file(first));
                return Err(MigrationError::Duplicate { first, second: file(migration) });
            }
        }
        Ok(Self(Arc::new(Content { format, migrations, positions, warnings })))
    }

    /// Whether it is this very set, and not only one that is equal.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whose migrations these are.
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// All migrations, oldest first.
    pub fn migrations(&self) -> &[Arc<Migration>] {
        &self.0.migrations
    }

    /// The schemas that the migrations lead to, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = &SchemaVersion> {
        self.0.migrations.iter().map(|migration| &migration.version)
    }

    /// Where a schema stands in the list: this is what newer and older mean.
    pub fn position(&self, schema: &SchemaVersion) -> Option<usize> {
        self.0.positions.get(schema).copied()
    }

    /// The schema that all migrations together lead to.
    pub fn latest(&self) -> Option<&SchemaVersion> {
        self.0.migrations.last().map(|migration| &migration.version)
    }

    /// The files that go up to `schema`, and do something else there than in `older`, which has applied them.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn rewritten(&self, older: &Self, schema: &SchemaVersion) -> Result<Vec<&str>> {
        let applied = self.position(schema).map_or(0, |position| position + 1);
        let mut rewritten = Vec::new();
        for now in self.0.migrations.iter().take(applied) {
            let then = older.position(&now.version).and_then(|position| older.0.migrations.get(position));
            if let (Some(now), Some(then)) = (&now.up, then.and_then(|then| then.up.as_ref()))
                && !now.script()?.does_as(then.script()?.as_ref())
            {
                rewritten.push(now.file());
            }
        }
        Ok(rewritten)
    }

    /// What the reader found odd.
    pub(super) fn remarks(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The way up, oldest first; none when it is there already. From nothing, all migrations up to `to`.
    ///
    /// # Errors
    /// A schema that is not in the set, or `to` below `from`.
    pub fn up(&self, from: Option<&SchemaVersion>, to: &SchemaVersion) -> Result<Vec<Work>> {
        let (start, end) = (self.applied(from)?, self.applied(Some(to))?);
        if start > end {
            return Err(wrong_way(from, Some(to), Direction::Up));
        }
        self.select(Direction::Up, |position, _| (start..end).contains(&position))
    }

    /// The way down, newest first; none when it is there already. To nothing, all of them.
    ///
    /// # Errors
    /// A schema that is not in the set, `to` above `from`, or a format without a way down.
    pub fn down(&self, from: &SchemaVersion, to: Option<&SchemaVersion>) -> Result<Vec<Work>> {
        let (start, end) = (self.applied(to)?, self.applied(Some(from))?);
        if start > end {
            return Err(wrong_way(Some(from), to, Direction::Down));
        }
        self.select(Direction::Down, |position, _| (start..end).contains(&position))
    }

    /// The migrations that are wanted, by their position and version: oldest first on the way up, newest first on the
    /// way down.
    ///
    /// # Errors
    /// One on the way down in a format that has none.
    pub fn select(&self, direction: Direction, wanted: impl Fn(usize, &SchemaVersion) -> bool) -> Result<Vec<Work>> {
        let all = &self.0.migrations;
        let befores = std::iter::once(None).chain(all.iter().map(Some));
        let chosen = befores.zip(all).enumerate().filter(|(position, (_, one))| wanted(*position, &one.version));
        let works = chosen.map(|(_, (before, migration))| Work::new(self, before, migration, direction));
        let mut works: Vec<_> = works.collect();
        if direction == Direction::Down {
            works.reverse();
            if let (Some(first), false) = (works.first(), self.0.format.goes_back()) {
                let from = first.version().clone();
                return Err(MigrationError::NoWayBack { engine: self.0.format.name(), from });
            }
        }
        Ok(works)
    }

    /// How many migrations are applied at a schema.
    fn applied(&self, schema: Option<&SchemaVersion>) -> Result<usize> {
        let Some(schema) = schema else { return Ok(0) };
        self.position(schema).map(|position| position + 1).ok_or_else(|| MigrationError::Unknown(schema.clone()))
    }
}

#[cfg(test)]
impl Set {
    /// A set of migrations that do this, for tests of what does not depend on how a format is written: version, up and
    /// down. An up that begins with `-- outside` asks for no transaction.
    pub(crate) fn sample(format: Format, migrations: &[(&str, &str, &str)]) -> Self {
        let migration = |(version, up, down): &(&str, &str, &str)| {
            let pieces = up.split_inclusive(';').map(|sql| super::Piece { sql: sql.to_owned(), line: 1 }).collect();
            let file = format!("{version}_m.sql");
            let outside = up.starts_with("-- outside");
            let transaction = if outside { super::Transaction::Nothing } else { super::Transaction::Around };
            let up = Script { pieces, transaction, ..Script::whole(file.clone(), "") };
            let half = |script| Half::held(format, &file.as_str().into(), script);
            Arc::new(Migration {
                version: format.schema(version).unwrap(),
                name: "m".to_owned(),
                up: Some(half(up)),
                down: format.goes_back().then(|| half(Script::whole(file.clone(), *down))),
                sum: (format == Format::Atlas).then(|| format!("sum{version}")),
            })
        };
        Self::new(format, migrations.iter().map(migration).collect(), Vec::new()).unwrap()
    }
}

/// The scripts of one file, up and down: golang-migrate has one of them in each, and Atlas no way down.
pub(super) fn scripts(format: Format, file: &str, bytes: &[u8]) -> Result<(Option<Script>, Option<Script>)> {
    match format {
        Format::GolangMigrate => golang_migrate::scripts(file, bytes),
        Format::Goose => goose::scripts(file, bytes).map(|(up, down)| (Some(up), down)),
        Format::Dbmate => dbmate::scripts(file, bytes).map(|(up, down)| (Some(up), Some(down))),
        Format::SqlMigrate => sql_migrate::scripts(file, bytes),
        Format::Atlas => atlas::script(file, bytes).map(|up| (Some(up), None)),
        Format::Command => Err(MigrationError::NoFiles),
    }
}

fn file(migration: &Migration) -> String {
    let half: Option<&Half> = migration.up.as_ref().or(migration.down.as_ref());
    half.map_or_else(|| migration.version.to_string(), |half| half.file().to_owned())
}

fn wrong_way(from: Option<&SchemaVersion>, to: Option<&SchemaVersion>, direction: Direction) -> MigrationError {
    let name = |schema: Option<&SchemaVersion>| schema.map_or("nothing".to_owned(), ToString::to_string);
    MigrationError::WrongWay { from: name(from), to: name(to), direction }
}
