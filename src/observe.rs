//! Looks at the machine; changes nothing.

pub mod archive;
pub mod import;
pub mod lint;
mod obstacles;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::causes;
use crate::config::{Config, Format};
use crate::db::alone;
use crate::db::header::{self, Kind};
use crate::db::ledger::LedgerError;
use crate::db::look::{Look, LookError, is_kept_by, look, look_past_lock};
use crate::journal::record::RecordError;
use crate::journal::releases::{self, ReleaseRecord};
use crate::journal::{backups, held};
use crate::layout::Layout;
use crate::migration::ledger::Stand;
use crate::migration::{Drift, DriftKind, Ledger, LedgerNameError, SchemaPrint, Severity, recognise};
use crate::plan::observed::{Content, Database, Holds, Observed, Process as Holder, Readable, Service, Space};
use crate::sys::fs::{self, PathError};
use crate::sys::room;
use crate::sys::service::{self, ServiceError, State};
use crate::version::{SchemaVersion, Version};

/// A look that could not be taken.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// The file system's answer.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A record that cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The ledger's name.
    #[error(transparent)]
    Ledger(#[from] LedgerNameError),
    /// The service cannot be asked for.
    #[error("cannot ask for the state of the service")]
    Service(#[from] ServiceError),
    /// The database's header cannot be read.
    #[error("cannot look at the database `{}`", path.display())]
    Header {
        /// The database.
        path: PathBuf,
        /// Why.
        source: PathError,
    },
    /// `current` leads to something that was not installed from here.
    #[error("`{}` points to `{}`, and nothing is recorded of such a version", link.display(), target.display())]
    Current {
        /// The symlink.
        link: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
}

type Result<T> = std::result::Result<T, ObserveError>;

/// Looks at everything that a plan is made from.
pub fn observe(config: &Config, service: &service::Service) -> Result<Observed> {
    let layout = &config.layout;
    let records = releases::list(layout)?;
    let installed = installed(layout)?;
    let own = installed.as_ref().map(|record| &record.release.schema);
    // Each major counts its own schemas.
    let major = installed.as_ref().or(records.last()).map(|record| record.release.version.major());
    let alike = records.iter().filter(|record| major == Some(record.release.version.major()));
    let alike: Vec<ReleaseRecord> = alike.cloned().collect();
    let state = service.state()?;
    let database = database(config, service, &state, &alike, own)?;
    let (foreign, blind) = foreign(&database.path, service, &state)?;
    let obstacles = database.obstacles.into_iter().chain(obstacles::of_place(service)?).collect();
    let database = Database { obstacles, ..database };
    Ok(Observed {
        installed: installed.map(|record| record.release),
        order: alike.last().map(|newest| newest.order.clone()).unwrap_or_default(),
        on_disk: records.into_iter().map(|record| record.release).collect(),
        spaces: spaces(layout, &database.path)?,
        database,
        service: match state {
            State::Running { main } => Service::Running { pid: main.map(|main| main.pid) },
            State::Stopped | State::Failed => Service::Stopped,
            State::Unmanaged => Service::Unmanaged,
        },
        triggers: service.triggers()?,
        foreign,
        blind,
        backups: backups::list(&layout.backups)?,
        held: held::read(&layout.held())?,
    })
}

/// The release that `current` points to.
pub fn installed(layout: &Layout) -> Result<Option<ReleaseRecord>> {
    let link = layout.current();
    let Some(target) = fs::read_link(&link)? else { return Ok(None) };
    let version = target.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<Version>().ok());
    let record = version.map(|version| releases::read(layout, &version)).transpose()?.flatten();
    record.map(Some).ok_or(ObserveError::Current { link, target })
}

/// The path of the database with its symlinks resolved, as far as it exists.
pub fn real_database(path: &Path) -> Result<PathBuf> {
    if fs::exists(path)? {
        return Ok(fs::real_path(path)?);
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if fs::exists(parent)? => Ok(fs::real_path(parent)?.join(name)),
        _ => Ok(path.to_owned()),
    }
}

/// Looks at the database alone. `records` are those of the installed release's major, and `own` is its schema.
fn database(
    config: &Config,
    service: &service::Service,
    state: &State,
    records: &[ReleaseRecord],
    own: Option<&SchemaVersion>,
) -> Result<Database> {
    let path = real_database(&config.database.path)?;
    let ledger = Ledger::of(config.database.format, config.database.table.as_deref())?;
    let look = |path: &Path| match look(path, &ledger) {
        Err(error) if error.is_locked() && keeps(service, state, path)? => Ok(look_past_lock(path, &ledger)),
        seen => Ok(seen),
    };
    let content = content(&path, &ledger, look, records, own)?;
    let mut obstacles = match content {
        Content::Missing => obstacles::of_name(&path)?.into_iter().collect(),
        _ => obstacles::of_file(&path)?,
    };
    obstacles.extend(obstacles::of_work(&config.layout.work(&path)));
    Ok(Database { path, content, obstacles })
}

/// Whether the service has the database to itself.
fn keeps(service: &service::Service, state: &State, path: &Path) -> Result<bool> {
    Ok(matches!(state, State::Running { .. }) && is_kept_by(path, service.own_processes()?.as_deref()))
}

fn content(
    path: &Path,
    ledger: &Ledger,
    look: impl FnOnce(&Path) -> Result<std::result::Result<Look, LookError>>,
    records: &[ReleaseRecord],
    own: Option<&SchemaVersion>,
) -> Result<Content> {
    let header = header::examine(path);
    let wal = match header.map_err(|source| ObserveError::Header { path: path.to_owned(), source })? {
        Kind::Missing => return Ok(Content::Missing),
        Kind::Empty => return Ok(Content::Empty),
        Kind::Foreign => return Ok(Content::Unusable("it is not a SQLite database, or it is encrypted".to_owned())),
        Kind::Database { wal, .. } => wal,
    };
    let seen = match look(path)? {
        Ok(seen) => seen,
        Err(LookError::Ledger(LedgerError::Engine { found, .. })) => return Ok(Content::OtherFormat(found)),
        Err(error) => return Ok(Content::Unusable(causes::in_one_line(&error))),
    };
    let order = records.last().map(|newest| newest.order.as_slice()).unwrap_or_default();
    let stand = match ledger.shape.format {
        Format::Command => Stand { schema: recognised(&seen.print, order, own, records), ..Stand::default() },
        _ => seen.ledger.stand(order),
    };
    let differs = stand.schema.as_ref().and_then(|schema| drift(schema, &seen.print, records));
    let stands_at = records.iter().rev().find_map(|record| {
        let found =
            |schema: &&SchemaVersion| record.fingerprints.get(&schema.to_string()) == Some(&seen.print.fingerprint);
        record.order.iter().find(found).cloned()
    });
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    Ok(Content::Readable(Readable {
        dirty: stand.dirty,
        compared: differs.is_some(),
        drift: stand.drift().chain(differs.into_iter().flatten()).collect(),
        fingerprint: seen.print.fingerprint,
        by_look: ledger.shape.format == Format::Command,
        unlocked: seen.immutable,
        schema: stand.schema,
        stands_at,
        bytes: size(path) + size(&beside(path, "-wal")),
        wal,
    }))
}

/// The schema of a product that keeps no account that could be read.
fn recognised(
    found: &SchemaPrint,
    order: &[SchemaVersion],
    own: Option<&SchemaVersion>,
    records: &[ReleaseRecord],
) -> Option<SchemaVersion> {
    let known = records.iter().flat_map(|record| &record.schemas);
    let prints = known.map(|(schema, print)| (schema.clone(), print.clone())).collect();
    recognise(found, &prints, order, own)
}

/// The object that drifts where only the fingerprint of the expected schema was recorded.
pub const WHOLE: &str = "schema as a whole";

/// How a schema differs from what its version stands for; nothing where no release on disk knows that version.
fn drift(schema: &SchemaVersion, found: &SchemaPrint, records: &[ReleaseRecord]) -> Option<Vec<Drift>> {
    let name = schema.to_string();
    if let Some(expected) = records.iter().rev().find_map(|record| record.schemas.get(&name)) {
        return Some(found.drift_from(expected));
    }
    let expected = records.iter().rev().find_map(|record| record.fingerprints.get(&name))?;
    let whole = Drift { kind: DriftKind::Changed, object: WHOLE.to_owned(), severity: Severity::Fatal };
    Some(if found.fingerprint == *expected { Vec::new() } else { vec![whole] })
}

/// Who holds the database and does not belong to the service.
fn foreign(path: &Path, service: &service::Service, state: &State) -> Result<(Vec<Holder>, bool)> {
    if !fs::exists(path)? {
        return Ok((Vec::new(), false));
    }
    let holders = alone::holders(path)?;
    let own = service.own_processes()?;
    let foreign = holders.processes.into_iter().filter(|holder| match (&own, state) {
        (Some(own), _) => !own.iter().any(|process| process.pid == holder.pid),
        // Without a name for its processes, whoever holds the database while it runs is the service.
        (None, State::Running { .. }) => false,
        (None, _) => true,
    });
    Ok((foreign.map(|holder| Holder { pid: holder.pid, command: holder.command }).collect(), holders.blind))
}

fn spaces(layout: &Layout, database: &Path) -> Result<Vec<Space>> {
    let places = [
        (Holds::Database, database.parent().unwrap_or(Path::new("/")).to_owned()),
        (Holds::Versions, layout.root.clone()),
        (Holds::State, layout.state.clone()),
        (Holds::Backups, layout.backups.clone()),
    ];
    let mut spaces = Vec::new();
    for (holds, path) in places {
        let found = room::space(&path)?;
        spaces.push(Space {
            holds,
            path,
            device: found.device,
            available: found.available,
            read_only: found.read_only,
            writable: found.writable,
        });
    }
    Ok(spaces)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
