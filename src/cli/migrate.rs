//! `migrate` by hand: without a configuration it works in place, as the engines do.

mod show;
mod site;
mod way;

pub use show::{status, version};
pub use way::way;

use super::arguments::{Migrate, MigrateVerb};
use super::exit::Outcome;
use super::reply::{Problem, Reply};
use crate::db::in_place::{self, InPlaceError};
use crate::db::migrate::MigrateError;
use crate::migration::{LedgerState, Work};
use crate::plan::Refusal;
use crate::sys::signal::Interrupt;
use site::{Access, Site};

/// How often somebody else may migrate the database between the look at it and the first lock.
const ROUNDS: usize = 10;

/// Answers `migrate --database URL --dir DIR VERB`. `ask` shows what is about to happen and goes on only if somebody
/// agrees; with `--yes` it is not called. `progress` is told of each migration before it runs.
pub fn in_place(
    arguments: &Migrate,
    interrupt: &Interrupt,
    ask: &dyn Fn(&str) -> Result<(), Box<Reply>>,
    progress: &dyn Fn(&Work),
) -> Reply {
    let answer = match &arguments.verb {
        MigrateVerb::Version => Site::find(arguments, Access::Look).and_then(|site| Ok(version(&site.stand()?))),
        MigrateVerb::Status => Site::find(arguments, Access::Look).and_then(|site| {
            let set = site.set()?;
            Ok(status(&set, &site.state()?).warning(site.warnings(&set, &[])))
        }),
        MigrateVerb::Up { .. } | MigrateVerb::Down { .. } | MigrateVerb::Goto { .. } => {
            let agree = |question: &str| if arguments.yes { Ok(()) } else { ask(question) };
            let down = matches!(arguments.verb, MigrateVerb::Down { .. });
            Site::find(arguments, if down { Access::Change } else { Access::Create })
                .and_then(|site| change(&site, &arguments.verb, &agree, interrupt, progress))
        }
    };
    answer.unwrap_or_else(|reply| *reply)
}

/// An answer that ends a command early.
type Early = Box<Reply>;

fn change(
    site: &Site,
    verb: &MigrateVerb,
    agree: &dyn Fn(&str) -> Result<(), Early>,
    interrupt: &Interrupt,
    progress: &dyn Fn(&Work),
) -> Result<Reply, Early> {
    let set = site.set()?;
    let mut rounds = 0..ROUNDS;
    loop {
        let seen = site.look(interrupt)?;
        let state = seen.as_ref().map_or(LedgerState::Missing, |seen| seen.ledger.clone());
        if let Some(seen) = seen.filter(|_| state.is_dirty()) {
            return Err(refused(site.dirty(&set, &seen)));
        }
        let way = way(&set, &state, verb).map_err(refused)?;
        let warnings = site.warnings(&set, &way.works);
        if way.works.is_empty() {
            return Ok(show::nothing(&way).warning(warnings));
        }
        agree(&show::question(site.database(), &way))?;
        let stop = interrupt.clone();
        let stop = std::sync::Arc::new(move || stop.requested().is_some());
        match in_place::run(site.database(), &way.works, site.ledger(), stop, progress) {
            Ok(receipt) => return Ok(show::done(&way, receipt).warning(warnings)),
            Err(error) if moved(&error) && rounds.next().is_some() => {}
            Err(error) => return Err(Box::new(failed(&error).warning(warnings))),
        }
    }
}

/// Whether the database is not where it was when it was looked at: somebody else migrates it too.
fn moved(error: &InPlaceError) -> bool {
    matches!(
        error,
        InPlaceError::Unchanged(
            MigrateError::StartsElsewhere { .. } | MigrateError::Hole { .. } | MigrateError::Dirty { .. }
        )
    )
}

fn failed(error: &InPlaceError) -> Reply {
    match error {
        InPlaceError::Unchanged(MigrateError::Stopped) => {
            Reply::failed("interrupted", error, "run the same command again: nothing was changed")
        }
        InPlaceError::Unchanged(MigrateError::Open(reason)) => Reply::failed("database", error, site::remedy(reason)),
        InPlaceError::Unchanged(_) | InPlaceError::Rollback { .. } => {
            Reply::failed("migration", error, "nothing was changed: mend the migration, and run the same command again")
        }
        InPlaceError::Partly { schema, dirty, within, .. } => {
            let remedy = if *dirty || within.is_some() {
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
