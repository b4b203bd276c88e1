//! The probation of the last upgrade, as commands see it.

use serde_json::{Value, json};

use super::runs::Answer;
use super::session::{Session, unreadable};
use crate::journal::probation;
use crate::plan::observed::Observed;
use crate::plan::probation::{Probation, words};
use crate::steps::life;

/// The probation, with the present life of the service counted; none that has ended.
pub fn read(session: &Session<'_>) -> Answer<Option<Probation>> {
    let layout = &session.config.layout;
    let Some(known) = probation::read(layout).map_err(|error| Box::new(unreadable(&error)))? else { return Ok(None) };
    let life = life::seen(&session.service(&[]));
    let life = life.map_err(|error| super::runs::barred("service", &error, "check the section [service]"))?;
    let counted = known.having_seen(life);
    Ok((counted.left_ms() > 0).then_some(counted))
}

/// The same, and notes how far it got, or that it has ended. Under the lock.
pub fn tally(session: &Session<'_>) -> Answer<Option<Probation>> {
    let layout = &session.config.layout;
    let counted = read(session)?;
    let noted = match &counted {
        Some(counted) => probation::write(layout, counted),
        None => probation::end(layout),
    };
    noted.map_err(|error| Box::new(unreadable(&error)))?;
    Ok(counted)
}

/// How long the next upgrade stays on probation, if it does.
pub fn length_ms(session: &Session<'_>) -> Option<u64> {
    let length = session.config.health.probation;
    (!length.is_zero()).then(|| u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}

/// As `status` shows it in `--json`.
pub fn shown(probation: Option<&Probation>) -> Value {
    probation.map_or(Value::Null, |probation| {
        json!({
            "run": probation.run, "version": probation.to.version, "from": probation.from.version,
            "left_ms": probation.left_ms(),
        })
    })
}

/// The same for people.
pub fn line(probation: &Probation, seen: &Observed) -> String {
    let version = seen.installed.as_ref().map(|release| release.version.to_string()).unwrap_or_default();
    let left = words(probation.left_ms());
    format!("probation  {version} for another {left} of being up; `gantry-installer confirm` ends it")
}
