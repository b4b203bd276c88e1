//! The checks that a mapping brings.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::db::build::Result;
use crate::db::build::error::{BuildError, sqlite};
use crate::db::build::guard::Guard;
use crate::db::build::shown::shown;
use crate::db::execute::plain;
use crate::transfer::mapping;

/// A check must find no row.
pub(super) fn nothing_found(connection: &mut Connection, check: &mapping::Check) -> Result<()> {
    const SHOWN: usize = 10;
    Guard::over(connection, false).map_err(sqlite("watch the mapping"))?;
    let asked = |source| BuildError::Question { sql: check.sql.clone(), source: plain(source) };
    let mut found = Vec::new();
    {
        let mut statement = connection.prepare(&check.sql).map_err(asked)?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).map_err(asked)?;
        while let Some(row) = rows.next().map_err(asked)? {
            let values = (0..columns).map(|index| shown(row.get_ref(index).unwrap_or(ValueRef::Null)));
            found.push(values.collect::<Vec<_>>().join(", "));
            if found.len() == SHOWN {
                break;
            }
        }
    }
    Guard::end(connection).map_err(sqlite("end the watch"))?;
    if found.is_empty() { Ok(()) } else { Err(BuildError::Check { words: check.words.clone(), rows: found }) }
}
