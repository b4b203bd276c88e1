//! `export`: the whole database, as of one moment, in the neutral format.

use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::Path;

use serde_json::json;

use super::arguments;
use super::exit::Outcome;
use super::reply::Reply;
use super::rollback;
use super::runs::{Answer, refused, run_name, stands};
use super::session::Session;
use super::way_out::way_out;
use crate::db::copy::{CopyOutcome, copy};
use crate::db::export::{About, ExportError, export};
use crate::db::open::Reader;
use crate::plan::Refusal;
use crate::plan::gates::{check_database, check_machine, needs, size};
use crate::plan::observed::{Content, Observed};
use crate::steps::{Machine, prepare, sets};
use crate::sys::clock;
use crate::sys::fs::PathError;
use crate::sys::publication::{Publication, PublicationError};
use crate::transfer::Inventory;
use crate::transfer::writer::WriteError;

/// Copies the live database while the service goes on, so that nobody waits for the export, and writes the copy's content.
pub fn run(arguments: &arguments::Export, session: &Session<'_>) -> Answer<Reply> {
    let _lock = session.begin("export")?;
    let seen = session.observe()?;
    // One that no release may run on can be exported all the same: that may be the way out.
    let Content::Readable(readable) = &seen.database.content else {
        return Err(refused(check_database(&seen).err().into_iter().collect()));
    };
    let mut refusals = check_machine(&seen, &needs(&seen, readable.bytes, &[]));
    // Nothing is exchanged, so it is nobody's business who has the database, or what kind of file it is.
    refusals.retain(|refusal| ["no-space", "read-only", "no-permission"].contains(&refusal.code.as_str()));
    if !refusals.is_empty() {
        return Err(refused(refusals));
    }
    let publication = Publication::begin(&arguments.to).map_err(|error| unpublished(&error, "export"))?;
    let plan = rollback::outline(&run_name(session, "export")?, &seen);
    let client = session.client();
    let machine = session.machine(&plan, &client);
    prepare(&machine).map_err(|error| failed(&error))?;
    let written = written(arguments, &publication, &seen, &machine, session);
    // The copy takes as much space as the database; what cannot be cleared now the next run clears.
    let _ = prepare(&machine);
    let inventory = written?;
    let bytes = publication.publish().map_err(|error| unpublished(&error, "export"))?;
    Ok(answer(arguments, &inventory, bytes))
}

fn written(
    arguments: &arguments::Export,
    publication: &Publication,
    seen: &Observed,
    machine: &Machine<'_>,
    session: &Session<'_>,
) -> Answer<Inventory> {
    const SCRATCH: &str = "scratch-export.db";
    let work = machine.places.open_work().map_err(|error| failed(&error))?;
    let created = clock::now();
    let copied = copy(&machine.plan.database, &work, SCRATCH, session.terminal).map_err(|error| failed(&error))?;
    if matches!(copied, CopyOutcome::AfterStop { .. }) {
        return Err(refused(vec![Refusal::new(
            "busy",
            "the database is written too much to be copied while it is in use",
            "stop the service, then run `gantry-installer export` again",
        )]));
    }
    let reader = Reader::open(&work.path().join(SCRATCH)).map_err(|error| failed(&error))?;
    let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
    let stands = stands(seen);
    let about =
        About { product: session.config.product.clone(), release: stands.version, schema: stands.schema, created };
    let output = BufWriter::with_capacity(1 << 20, publication.file());
    let exported = export(reader.connection(), &ledger, about, output, &session.terminal.rows());
    let (mut output, inventory) = exported.map_err(|error| match error {
        ExportError::Cancelled => Box::new(Reply::failed("signal", &error, "run the same command again")),
        ExportError::Write(WriteError::Output(error)) => unwritten(error, &arguments.to),
        error => failed(&error),
    })?;
    output.flush().map_err(|error| unwritten(error, &arguments.to))?;
    Ok(inventory)
}

fn answer(arguments: &arguments::Export, inventory: &Inventory, bytes: u64) -> Reply {
    let rows: u64 = inventory.tables.iter().map(|table| table.rows).sum();
    let table =
        |table: &crate::transfer::Table| json!({ "name": table.name, "rows": table.rows, "digest": table.digest });
    let export = json!({
        "path": arguments.to,
        "bytes": bytes,
        "release": inventory.release,
        "schema": inventory.schema,
        "fingerprint": inventory.fingerprint,
        "created": inventory.created,
        "rows": rows,
        "tables": inventory.tables.iter().map(table).collect::<Vec<_>>(),
    });
    let tables = inventory.tables.len();
    let words = format!("exported {rows} rows of {tables} tables to {}: {}", arguments.to.display(), size(bytes));
    Reply::new(Outcome::Done).with("export", export).saying(words)
}

/// Why a new file cannot be made.
pub(super) fn unpublished(error: &PublicationError, code: &str) -> Box<Reply> {
    Box::new(match error {
        PublicationError::Exists(_) => {
            Reply::barred("exists", error, "choose another name, or move what is there away")
        }
        PublicationError::NoName(_) => Reply::barred("no-name", error, "name a file in a directory that is there"),
        PublicationError::Busy(_) => Reply::barred("busy", error, "wait until it has ended, or choose another name"),
        PublicationError::Path(path) => match path.source.kind() {
            ErrorKind::NotFound => {
                Reply::barred("no-directory", error, "make its directory first, or name another one")
            }
            ErrorKind::NotADirectory => Reply::barred("no-directory", error, "name a file in a directory"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Reply::barred(
                "no-permission",
                error,
                "name a directory that this user may write to, or run it as one who may",
            ),
            _ => Reply::failed(code, error, "check the directory: its permissions, and the space"),
        },
    })
}

/// The output knows no path.
fn unwritten(error: std::io::Error, path: &Path) -> Box<Reply> {
    let error = PathError::on("write", path)(error);
    let remedy = way_out(&error, path, "check the disk, or name a path on another one");
    Box::new(Reply::failed("export", &error, remedy))
}

fn failed(error: &dyn std::error::Error) -> Box<Reply> {
    Box::new(Reply::failed("export", error, "check the space on the disk"))
}
