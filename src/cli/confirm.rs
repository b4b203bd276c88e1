//! `confirm`: the operator is content with the last upgrade; its probation ends.

use super::exit::Outcome;
use super::probation;
use super::reply::Reply;
use super::runs::Answer;
use super::session::{Session, unreadable};
use crate::journal;

/// Ends the probation, if there is one.
pub fn run(session: &Session<'_>) -> Answer<Reply> {
    if !session.has_state()? {
        return Ok(nothing());
    }
    let _lock = session.begin("confirm")?;
    let Some(watched) = probation::tally(session)? else { return Ok(nothing()) };
    journal::probation::end(&session.config.layout).map_err(|error| Box::new(unreadable(&error)))?;
    let version = watched.to.version.as_ref().map(ToString::to_string).unwrap_or_default();
    let words = format!("{version} is confirmed: its probation has ended");
    Ok(Reply::new(Outcome::Done).with("probation", probation::shown(Some(&watched))).saying(words))
}

fn nothing() -> Reply {
    Reply::new(Outcome::Nothing).saying("nothing is on probation")
}
