//! Before migrations run: whether the ledger is where they start, and in which order they are run.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::db::ledger;
use crate::db::migrate::{Manner, MigrateError, Settings};
use crate::migration::ledger::LedgerState;
use crate::migration::{Direction, Work};

/// The ledger must be clean, or its engine go on where it broke off, and say where the migrations start; returns what
/// it says.
pub(crate) fn fits(
    connection: &Connection,
    works: &[Work],
    settings: &Settings<'_>,
) -> Result<LedgerState, MigrateError> {
    let state = ledger::read(connection, settings.ledger)?;
    let Some(first) = works.first() else {
        return if state.is_dirty() { Err(MigrateError::Dirty { schema: state.stand([]).schema }) } else { Ok(state) };
    };
    let resumed = (settings.manner == Manner::AsEngine).then(|| state.resumed(first.set())).flatten();
    let state = resumed.unwrap_or(state);
    let stand = state.stand(first.set().versions());
    if stand.dirty {
        return Err(MigrateError::Dirty { schema: stand.schema });
    }
    let elsewhere = |work: &Work| MigrateError::StartsElsewhere {
        file: work.label(),
        expected: work.starts_from().cloned(),
        found: stand.schema.clone(),
    };
    let LedgerState::Applied { versions, .. } = &state else {
        let starts_here = first.starts_from() == stand.schema.as_ref();
        return if starts_here { Ok(state) } else { Err(elsewhere(first)) };
    };
    if stand.schema.as_ref().is_some_and(|schema| first.set().position(schema).is_none()) {
        return Err(elsewhere(first));
    }
    let listed: HashSet<_> = versions.iter().collect();
    let misfit = works.iter().find(|work| listed.contains(work.version()) != (work.direction() == Direction::Down));
    if let Some(work) = misfit {
        return Err(elsewhere(work));
    }
    if first.direction() == Direction::Up {
        let after = state.with(works.iter().map(Work::version));
        if let Some(hole) = after.stand(first.set().versions()).holes.into_iter().next() {
            return Err(MigrateError::Hole { hole, above: first.label() });
        }
    }
    Ok(state)
}

/// The order in which the engine itself would take them back.
pub(crate) fn in_order(works: &[Work], state: &LedgerState, settings: &Settings<'_>) -> Vec<Work> {
    let mut works = works.to_vec();
    let down = works.first().is_some_and(|work| work.direction() == Direction::Down);
    if let (LedgerState::Applied { versions, .. }, true) = (state, down && settings.ledger.shape.undoes_latest) {
        let rows: HashMap<_, _> = versions.iter().zip(0..).collect();
        works.sort_by_key(|work| Reverse(rows.get(work.version()).copied().unwrap_or(-1)));
    }
    works
}
