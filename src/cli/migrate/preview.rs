//! `--dry-run`: what a way would do, told from the files and the ledger alone. Nothing is run.

use serde_json::json;

use super::show::named;
use crate::cli::exit::Outcome;
use crate::cli::outcome::counted;
use crate::cli::reply::Reply;
use crate::config::ForeignKeys;
use crate::migration::{Direction, Half, Ledger, Place, Reason};
use crate::plan::Point;
use crate::plan::way::Way;

/// Answers with what the way would do on a database that treats foreign keys like this.
pub fn preview(way: &Way, from: Point, to: Point, ledger: &Ledger, foreign_keys: ForeignKeys) -> Reply {
    let mut text = String::new();
    let mut migrations = Vec::new();
    for work in &way.works {
        let statements = work.half().map_or(0, Half::statements);
        let alone = work.half().and_then(|half| alone(half, ledger, foreign_keys));
        let verb = if work.direction() == Direction::Up { "apply" } else { "take back" };
        let outside = alone.map(|reason| format!(", outside of the transaction: it has {}", words(reason)));
        let script = work.half().map_or_else(
            || "no file: only the ledger changes".to_owned(),
            |_| counted(statements as u64, "statement") + &outside.unwrap_or_default(),
        );
        text.push_str(&format!("would {verb} {} ({script})\n", work.label()));
        migrations.push(json!({
            "version": work.version(), "name": work.migration().name, "direction": work.direction(),
            "file": work.half().map(Half::file), "statements": statements,
            "alone": alone.map(words),
        }));
    }
    let (before, after) = (named(way.from.as_ref()), named(way.to.as_ref()));
    text.push_str(&if way.works.is_empty() {
        format!("nothing to do: the schema is {before}")
    } else {
        format!("the ledger would say {after}, and says {before}; nothing was run")
    });
    let outcome = if way.works.is_empty() { Outcome::Nothing } else { Outcome::Done };
    Reply::new(outcome)
        .with("from", from)
        .with("to", to)
        .with("migrations", migrations)
        .with("ledger", json!({ "before": way.from, "after": way.to }))
        .warning(super::show::short(way))
        .saying(text)
}

fn alone(half: &Half, ledger: &Ledger, foreign_keys: ForeignKeys) -> Option<Reason> {
    match ledger.place(half, foreign_keys) {
        Place::Alone(reason) => Some(reason),
        Place::Together => None,
    }
}

fn words(reason: Reason) -> String {
    match reason {
        Reason::OwnTransaction => "a transaction of its own".to_owned(),
        Reason::Vacuum => "VACUUM".to_owned(),
        Reason::Pragma(pragma) => format!("PRAGMA {pragma}"),
        Reason::Declared => "a line that says so".to_owned(),
    }
}
