//! `import`: a new database of an export, with the schema of a release that is on disk: the export's own, or one that the
//! release brings an import for.

mod carried;
mod space;

use std::io::{BufReader, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::arguments;
use super::exit::Outcome;
use super::export::unpublished;
use super::reply::Reply;
use super::runs::{Answer, barred, refused};
use super::session::Session;
use crate::config::ForeignKeys;
use crate::db::Stop;
use crate::db::import::{ImportError, import, room};
use crate::db::migrate::{MigrateError, Settings, run as migrate};
use crate::db::open::{self, open_owned};
use crate::db::side_files;
use crate::journal::releases::{self, ReleaseRecord};
use crate::plan::Refusal;
use crate::plan::gates::size;
use crate::plan::upgrade::not_installed;
use crate::plan::verdict::words;
use crate::steps::sets;
use crate::sys::attributes;
use crate::sys::dir::Dir;
use crate::sys::fs;
use crate::sys::publication::{Publication, PublicationError};
use crate::transfer::Inventory;
use crate::transfer::mapping::Mapping;
use crate::transfer::reader::{self, ReadError};

/// Builds the database beside its name, fills it, reads it back, and gives it its name once it is proven.
pub fn run(arguments: &arguments::Import, session: &Session<'_>) -> Answer<Reply> {
    let record = release(arguments, session)?;
    let mut export = fs::open_regular(&arguments.from)
        .map_err(|error| barred("export", &error, "name an export that this user may read with `--from`"))?;
    // What is there already is told before a long file is read.
    let publication = begin(&arguments.into)?;
    session.terminal.say("reading the export");
    let (inventory, schema) = reader::inspect(buffered(&export)).map_err(|error| unreadable(&error))?;
    let way = fits(&inventory, &record, session)?;
    export.rewind().map_err(|error| failed(&error))?;

    let room = room(&inventory, &schema, stop(session)).map_err(|error| unmade(&error))?;
    let need = space::check(&arguments.into, room, way.is_some())?;
    session.terminal.say(&format!("the import takes up to {}", size(need)));
    let staged = publication.staged();
    let account = match &way {
        None => build(&staged, &record, &inventory, buffered(&export), session).map(|()| None)?,
        Some(mapping) => {
            let export = carried::Export { inventory: &inventory, schema: &schema, rows: buffered(&export) };
            Some(carried::build(&staged, &record, mapping, export, session)?)
        }
    };
    let bytes = publication.publish().map_err(|error| unpublished(&error, "import"))?;

    let rows: u64 = inventory.tables.iter().map(|table| table.rows).sum();
    let version = &record.release.version;
    let body = json!({
        "path": arguments.into,
        "bytes": bytes,
        "release": version,
        "schema": record.release.schema,
        "fingerprint": account.as_ref().map_or(inventory.fingerprint, |account| account.fingerprint),
        "rows": rows,
        "needs_bytes": need,
        "account": account,
    });
    let mut text = account.map_or_else(String::new, |account| format!("{account}\n"));
    text += &format!("imported {rows} rows into {}, a database of {version}", arguments.into.display());
    Ok(Reply::new(Outcome::Done).with("import", body).saying(text))
}

/// A new file that belongs to the owner of its directory.
fn begin(path: &Path) -> Answer<Publication> {
    let publication = Publication::begin(path).map_err(|error| unpublished(&error, "import"))?;
    let staged = publication.staged();
    let (Some(directory), Some(name)) = (staged.parent(), staged.file_name().and_then(|name| name.to_str())) else {
        return Err(unpublished(&PublicationError::NoName(path.to_owned()), "import"));
    };
    // FM-2: what a killed import left would be played back into this one.
    let cleared = Dir::open(directory).and_then(|directory| side_files::discard(&directory, name));
    let given = cleared.and_then(|()| attributes::give(publication.file(), &staged, attributes::owner(directory)?));
    given.map(|()| publication).map_err(|error| failed(&error))
}

/// The newest release on disk that the target admits.
fn release(arguments: &arguments::Import, session: &Session<'_>) -> Answer<ReleaseRecord> {
    let records = releases::list(&session.config.layout)
        .map_err(|error| barred("state", &error, "run it as root, or as the user who owns the state directory"))?;
    if records.is_empty() {
        return Err(refused(vec![not_installed()]));
    }
    let here: Vec<String> = records.iter().map(|record| record.release.version.to_string()).collect();
    let admitted = records.into_iter().rfind(|record| arguments.release.admits(&record.release.version));
    admitted.ok_or_else(|| {
        refused(vec![Refusal::new(
            "no-release",
            format!("the release {} is not on disk: there are {}", arguments.release, here.join(", ")),
            "name one of these with `--release`, or bring that one in with `gantry-installer upgrade`",
        )])
    })
}

/// An export goes into a database of its own schema, or through the mapping of a release that knows its schema.
fn fits(inventory: &Inventory, record: &ReleaseRecord, session: &Session<'_>) -> Answer<Option<Mapping>> {
    let mut refusals = Vec::new();
    let mut way = None;
    if inventory.product != session.config.product {
        refusals.push(Refusal::new(
            "foreign-export",
            format!("the export is of `{}`, and the configuration of `{}`", inventory.product, session.config.product),
            "name the configuration of that product with `--config FILE`",
        ));
    }
    let same_major = inventory.release.as_ref().is_none_or(|from| from.major() == record.release.version.major());
    if let (Some(import), false) = (&record.release.import, same_major) {
        match carried::mapping(import, inventory, record, session)? {
            Ok(mapping) => way = Some(mapping),
            Err(refusal) => refusals.push(refusal),
        }
    } else if inventory.schema.as_ref() != Some(&record.release.schema) {
        let (found, version) = (words(inventory.schema.as_ref()), &record.release.version);
        let from = inventory.release.as_ref().map_or_else(|| "no release".to_owned(), |release| format!("{release}"));
        refusals.push(Refusal::new(
            "other-schema",
            format!("the export has the schema {found}, of {from}, and {version} has {}", record.release.schema),
            "import it with `--release` of a release with its schema",
        ));
    }
    if refusals.is_empty() { Ok(way) } else { Err(refused(refusals)) }
}

fn build(
    path: &Path,
    record: &ReleaseRecord,
    inventory: &Inventory,
    export: impl std::io::BufRead + Send,
    session: &Session<'_>,
) -> Answer<()> {
    let release = &record.release;
    let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
    let works = sets::of(&session.config, &release.version)
        .and_then(|set| Ok(set.up(None, &release.schema)?))
        .map_err(|error| failed(&error))?;
    let settings = Settings { foreign_keys: session.config.database.foreign_keys, ..Settings::of(&ledger) };
    let made = open::create(path).map_err(MigrateError::from).and_then(|()| migrate(path, &works, &settings));
    made.map_err(|error| failed(&error))?;
    let connection = open_owned(path, ForeignKeys::Ignored).map_err(|error| failed(&error))?;
    // Nobody looks for it under this name, and it is flushed as a whole before it gets another one.
    connection.pragma_update(None, "synchronous", "OFF").map_err(|error| failed(&error))?;
    import(&connection, &ledger, inventory, export, &session.terminal.rows()).map_err(|error| unmade(&error))
}

/// Ends what SQL of the export would never end.
fn stop(session: &Session<'_>) -> Stop {
    let interrupt = session.terminal.interrupt.clone();
    Arc::new(move || interrupt.requested().is_some())
}

/// Why the exported database was not made again.
fn unmade(error: &ImportError) -> Box<Reply> {
    match error {
        ImportError::Export(error) => unreadable(error),
        ImportError::Cancelled => Box::new(Reply::failed("signal", error, "run the same command again")),
        _ => failed(error),
    }
}

fn buffered(file: &std::fs::File) -> BufReader<impl Read + '_> {
    BufReader::with_capacity(1 << 20, file)
}

fn unreadable(error: &ReadError) -> Box<Reply> {
    let remedy = match error {
        ReadError::Newer { .. } => "read it with the gantry-installer that wrote it, or a newer one",
        ReadError::Foreign(_) => "name a file that `export` wrote",
        _ => "copy it again from where it was written, or export again",
    };
    barred("export", error, remedy)
}

fn failed(error: &dyn std::error::Error) -> Box<Reply> {
    Box::new(Reply::failed("import", error, "nothing was made; correct what is named, then run the same command again"))
}
