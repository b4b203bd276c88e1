//! The ways back, as they are shown to who must choose.

use super::outcome::{counted, loss_lines};
use super::reply::Reply;
use crate::manifest::Release;
use crate::plan::Refusal;
use crate::run::survey::Choice;

/// What is asked before a way is taken.
pub(super) fn question(choice: &Choice, target: &Release) -> String {
    let cost = match &choice.loss {
        None => "losing what cannot be counted",
        Some(loss) if !loss.is_empty() => "losing what is listed above",
        Some(loss) if !loss.notes.is_empty() => "losing nothing but what could not be compared",
        Some(_) => "losing nothing",
    };
    format!("Roll back to {} by {}, {cost}?", target.version, choice.name.word())
}

/// Whether a way loses something, or something that cannot be counted.
pub(super) fn loses(choice: &Choice) -> bool {
    choice.loss.as_ref().is_none_or(|loss| !loss.is_empty() || !loss.notes.is_empty())
}

/// The refusal of a way that is not possible.
pub(super) fn closed(choice: &Choice) -> Refusal {
    Refusal::new(
        "strategy",
        format!("the strategy `{}` is not possible: {}", choice.name.word(), choice.reason),
        "see which are: `gantry-installer rollback --dry-run`",
    )
}

/// A way and its loss in one line.
pub(super) fn line(choice: &Choice) -> String {
    let loss = match &choice.loss {
        None => "loses what cannot be counted".to_owned(),
        Some(loss) if loss.is_empty() => "loses nothing".to_owned(),
        Some(loss) => {
            let columns: u64 = loss.tables.iter().flat_map(|table| &table.columns).map(|column| column.values).sum();
            match (loss.rows, columns) {
                (rows, 0) => format!("loses {}", counted(rows, "row")),
                (0, values) => format!("loses {} in columns", counted(values, "value")),
                (rows, values) => {
                    format!("loses {} and {} in columns", counted(rows, "row"), counted(values, "value"))
                }
            }
        }
    };
    format!("{:<8} {loss}; {}", choice.name.word(), choice.reason)
}

/// All ways, each with what it would lose.
pub(super) fn listing(choices: &[Choice], target: &Release) -> String {
    let mut text = format!("ways back to {}:\n", target.version);
    for choice in choices {
        if choice.possible {
            text.push_str(&format!("  {}\n", line(choice)));
            if let Some(loss) = &choice.loss {
                text.push_str(&loss_lines(loss, "             "));
            }
        } else {
            text.push_str(&format!("  {:<8} not possible: {}\n", choice.name.word(), choice.reason));
        }
    }
    text
}

/// The answer that only shows them.
pub(super) fn shown(choices: &[Choice], target: &Release, reply: Reply) -> Reply {
    reply.with("strategies", choices).saying(listing(choices, target))
}
