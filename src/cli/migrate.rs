//! `migrate` by hand: without a configuration it works in place, as the engines do.

pub mod lint;
mod force;
mod new;
mod options;
mod preview;
mod remedies;
mod show;
mod site;
mod trial;

pub use force::forced;
pub use preview::preview;
pub use show::{status, version};
pub(super) use site::files;
pub use trial::{Subject, test};

use super::arguments::{Migrate, MigrateVerb};
use super::exit::Outcome;
use super::reply::{Problem, Reply};
use crate::config::ForeignKeys;
use crate::db::in_place::{self, InPlaceError};
use crate::db::migrate::MigrateError;
use crate::migration::{Ledger, Work};
use crate::plan::Refusal;
use crate::plan::way::Course;
use crate::sys::signal::Interrupt;
use crate::sys::watch::Watch;
use site::{Access, Site};

/// How often somebody else may migrate the database between the look at it and the first lock.
const ROUNDS: usize = 10;

/// Answers `migrate --database URL --dir DIR VERB`. `ask` shows what is about to happen and goes on only if somebody
/// agrees; with `--yes` it is not called. `progress` is told of each migration before it runs, and `watch` of a copy.
pub fn in_place(
    arguments: &Migrate,
    interrupt: &Interrupt,
    ask: &dyn Fn(&str) -> Result<(), Box<Reply>>,
    progress: &dyn Fn(&Work),
    watch: &dyn Watch,
) -> Reply {
    if let Err(reply) = check_dry_run(arguments) {
        return *reply;
    }
    let agree = |question: &str| if arguments.yes { Ok(()) } else { ask(question) };
    let go = |course: &Course, access| {
        let site = Site::find(arguments, access)?;
        if arguments.dry_run {
            return would(&site, course, interrupt);
        }
        change(&site, course, &agree, interrupt, progress)
    };
    let answer = match &arguments.verb {
        MigrateVerb::Test { foreign_keys } => {
            let keys = if *foreign_keys { ForeignKeys::Enforced } else { ForeignKeys::Ignored };
            Site::of_files(arguments).and_then(|site| {
                let set = site.set()?;
                let database = arguments.database.is_some().then(|| site.database());
                let subject = Subject { set: &set, ledger: site.ledger(), foreign_keys: keys, database };
                Ok(test(&subject, interrupt, watch)?.warning(site.warnings(&set, &[])))
            })
        }
        MigrateVerb::New { name } => match (&arguments.dir, &arguments.database) {
            (Some(directory), None) => {
                site::format(arguments.format()).and_then(|format| new::new(directory, format, name))
            }
            _ => Err(needs_directory()),
        },
        MigrateVerb::Version => Site::find(arguments, Access::Look).and_then(|site| Ok(version(&site.stand()?))),
        MigrateVerb::Status => Site::find(arguments, Access::Look).and_then(|site| {
            let set = site.set()?;
            Ok(status(&set, &site.state()?).warning(site.warnings(&set, &[])))
        }),
        MigrateVerb::Up { count } => go(&Course::Up(*count), Access::Create),
        MigrateVerb::Down { count } => go(&Course::Down(*count), Access::Change),
        MigrateVerb::Goto { version } => go(&Course::Goto(version.clone()), Access::Create),
        MigrateVerb::Force { version } => {
            Site::find(arguments, Access::Change).and_then(|site| force::force(&site, version, &agree))
        }
        MigrateVerb::Lint(asked) => lint::of_directory(asked, arguments, interrupt),
    };
    answer.unwrap_or_else(|reply| *reply)
}

/// Refuses `--dry-run` where nothing would be run anyway.
pub fn check_dry_run(arguments: &Migrate) -> Result<(), Early> {
    let runs = matches!(arguments.verb, MigrateVerb::Up { .. } | MigrateVerb::Down { .. } | MigrateVerb::Goto { .. });
    if !arguments.dry_run || runs {
        return Ok(());
    }
    Err(site::usage("`--dry-run` belongs to `up`, `down` and `goto`", "leave it out"))
}

/// Refuses `--format` where the configuration says the format.
pub fn check_format(arguments: &Migrate) -> Result<(), Early> {
    if arguments.format.is_none() {
        return Ok(());
    }
    let remedy = "leave it out: of an installed product `database.format` of the configuration says it";
    Err(site::usage("`--format` belongs to `--dir`, and to `--database` with it", remedy))
}

/// The answer to `migrate new` without a directory of its own.
pub fn needs_directory() -> Early {
    site::usage("`migrate new` works on a directory alone", "give `--dir DIR`, and no `--database`")
}

/// An answer that ends a command early.
type Early = Box<Reply>;

/// What a change would do.
fn would(site: &Site, course: &Course, interrupt: &Interrupt) -> Result<Reply, Early> {
    let set = site.set()?;
    let way = site.way(&set, course, interrupt)?;
    let (from, to) = (show::point(way.from.as_ref()), show::point(way.to.as_ref()));
    Ok(preview(&way, from, to, site.ledger(), ForeignKeys::Ignored).warning(site.warnings(&set, &way.works)))
}

fn change(
    site: &Site,
    course: &Course,
    agree: &dyn Fn(&str) -> Result<(), Early>,
    interrupt: &Interrupt,
    progress: &dyn Fn(&Work),
) -> Result<Reply, Early> {
    let set = site.set()?;
    let mut rounds = 0..ROUNDS;
    loop {
        let way = site.way(&set, course, interrupt)?;
        let warnings = site.warnings(&set, &way.works);
        if way.works.is_empty() {
            return Ok(show::nothing(&way).warning(warnings));
        }
        agree(&show::question(site.database(), &way))?;
        let stop = interrupt.clone();
        let stop = std::sync::Arc::new(move || stop.requested().is_some());
        match in_place::run(site.database(), &way.works, site.ledger(), stop, progress) {
            Ok(receipt) => return Ok(show::done(&way, receipt).warning(warnings)),
            Err(error) if error.is_elsewhere() && rounds.next().is_some() => {}
            Err(error) => return Err(Box::new(failed(&error, site.ledger()).warning(warnings))),
        }
    }
}

fn failed(error: &InPlaceError, ledger: &Ledger) -> Reply {
    match error {
        InPlaceError::Unchanged(MigrateError::Stopped) => {
            Reply::failed("interrupted", error, "run the same command again: nothing was changed")
        }
        InPlaceError::Unchanged(MigrateError::Open(reason)) => {
            Reply::failed("database", error, remedies::remedy(reason))
        }
        InPlaceError::Unchanged(_) | InPlaceError::Rollback { .. } => {
            Reply::failed("migration", error, "nothing was changed: mend the migration, and run the same command again")
        }
        InPlaceError::Partly { schema, dirty, within, .. } => {
            let resumes = *dirty && ledger.shape.reached.is_some();
            let remedy = if resumes {
                "mend what failed, without touching the statements that ran, and run the same command again: it goes on at \
                 the statement that failed"
            } else if *dirty || within.is_some() {
                "put back a backup that was made before this command: the file ran outside a transaction, and some of \
                 it may be done"
            } else {
                "mend what failed, and run the same command again: it goes on from there"
            };
            let problem = Problem::of("partly-migrated", error, remedy);
            Reply { error: Some(problem), ..Reply::new(Outcome::Stranded) }.with("schema", schema).with("dirty", dirty)
        }
    }
}

fn refused(refusal: Refusal) -> Early {
    Box::new(Reply::refused(vec![refusal]))
}

#[cfg(test)]
mod tests;
