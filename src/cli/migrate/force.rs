//! `migrate force`: the ledger is made to say another schema, and nothing is run. No other command ever proposes it.

use super::site::{Site, version};
use super::{Early, refused, site};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::config::Format;
use crate::db::stamp::stamp;
use crate::migration::{LedgerState, Set};
use crate::plan::Refusal;
use crate::sys::signal::Interrupt;
use crate::version::SchemaVersion;

/// Makes the ledger of a database of no installed product say `typed`, once somebody agreed who was told what it means.
pub(super) fn force(site: &Site, typed: &str, agree: &dyn Fn(&str) -> Result<(), Early>) -> Result<Reply, Early> {
    let set = site.set()?;
    let to = forced(&set, typed)?;
    let never = Interrupt::never();
    let Some(seen) = site.look(&never)? else {
        let remedy = "run `gantry-installer migrate up`, which makes the schema too";
        return Err(refused(Refusal::new("database-empty", "there is no schema that a ledger could speak of", remedy)));
    };
    let stand = seen.ledger.stand(set.versions());
    if stand.schema == to && !stand.dirty && stand.holes.is_empty() && seen.ledger != LedgerState::Missing {
        return Ok(Reply::new(Outcome::Nothing)
            .with("schema", &to)
            .saying(format!("the ledger says {} already", version(to.as_ref()))));
    }
    let (standing, may_be) = site.standing(&set, &seen);
    let is_true = may_be.contains(&to);
    agree(&question(site, &standing, is_true, to.as_ref()))?;
    stamp(site.database(), &set, site.ledger(), &seen.ledger, to.as_ref())
        .map_err(|error| site::failed("ledger", &error, "nothing was changed: run the same command again"))?;
    let lie = (!is_true).then(|| format!("the ledger now says {}, and {standing}", version(to.as_ref())));
    Ok(Reply::new(Outcome::Done)
        .with("schema", &to)
        .with("dirty", false)
        .with("true", is_true)
        .saying(format!("the ledger says {}; nothing was run", version(to.as_ref())))
        .warning(lie))
}

/// The schema that was typed, or none; where a ledger of this format may be forced at all.
pub fn forced(set: &Set, typed: &str) -> Result<Option<SchemaVersion>, Early> {
    if !set.format().goes_back() {
        let remedy = "use `atlas migrate set`, which marks the rows that it writes";
        return Err(refused(Refusal::new(
            "format",
            format!("a ledger of {} is not forced here", Format::Atlas),
            remedy,
        )));
    }
    Ok(match typed {
        "none" | "-1" => None,
        typed => match set.format().schema(typed).filter(|schema| set.position(schema).is_some()) {
            Some(schema) => Some(schema),
            None => {
                let message = format!("no migration leads to schema {typed}");
                let remedy = "see `gantry-installer migrate status` for what there is";
                return Err(refused(Refusal::new("unknown-schema", message, remedy)));
            }
        },
    })
}

fn question(site: &Site, standing: &str, is_true: bool, to: Option<&SchemaVersion>) -> String {
    let danger = if is_true {
        "that is what the ledger would say; rows that the migration changed are another matter, and nobody looks at them"
    } else {
        "a ledger that says otherwise is a lie: the next migrations run on a schema that they were not written for, and \
         rows are lost long after"
    };
    let database = site.database().display();
    format!("{standing}; {danger}. Make the ledger of `{database}` say {} all the same?", version(to))
}
