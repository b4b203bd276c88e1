//! A database that is not there yet gets its name once its migrations are in it. Until then nobody else can have opened it, so
//! that one which fails, or is killed, leaves none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{InPlaceError, PATIENCE};
use crate::db::migrate::MigrateError;
use crate::db::open::OpenError;
use crate::db::receipt::Effect;
use crate::db::side_files;
use crate::db::watch::Stop;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::fs::{self, PathError};
use crate::sys::making::Making;
use crate::sys::publication::PublicationError;

/// A database that is being made.
pub(super) struct Fresh {
    database: PathBuf,
    making: Making,
}

impl Fresh {
    /// Begins one. None where there is a file already; and where there can be none beside it, so that SQLite says why.
    pub(super) fn begin(database: &Path, stop: &Stop) -> Result<Option<Self>, MigrateError> {
        let waiting = Stopwatch::start();
        loop {
            match Making::begin(database) {
                Ok(making) => return Ok(Some(Self { database: database.to_owned(), making })),
                Err(PublicationError::Busy(_)) if waiting.elapsed() < PATIENCE && !stop() => {
                    clock::pause(Duration::from_millis(5));
                }
                Err(PublicationError::Busy(path)) => return Err(OpenError::Locked { path }.into()),
                Err(PublicationError::Exists(_) | PublicationError::NoName(_) | PublicationError::Path(_)) => {
                    return Ok(None);
                }
            }
        }
    }

    /// Where it is until it has its name.
    pub(super) fn place(&self) -> PathBuf {
        self.making.place()
    }

    /// Gives it its name, if anything was committed, or removes it.
    pub(super) fn end(
        self,
        connection: Connection,
        outcome: Result<Effect, InPlaceError>,
    ) -> Result<Effect, InPlaceError> {
        let closed =
            connection.close().map_err(|(_, source)| MigrateError::Sqlite { tried: "close the database", source });
        let schema = match outcome {
            Ok(Effect { ref schema, .. }) | Err(InPlaceError::Partly { ref schema, .. }) => schema.clone(),
            // There is nothing left that anybody could roll back.
            Err(InPlaceError::Rollback { failed, .. }) => return Err(InPlaceError::Unchanged(*failed)),
            Err(unchanged) => return Err(unchanged),
        };
        closed.and_then(|()| self.settled())?;
        let database = self.database;
        match (self.making.publish(), outcome) {
            (Ok(_), outcome) => outcome,
            // Somebody else made one meanwhile.
            (Err(PublicationError::Exists(_)), _) => {
                let file = database.display().to_string();
                Err(MigrateError::StartsElsewhere { file, expected: None, found: None }.into())
            }
            (Err(error), _) => {
                let error = MigrateError::Path(unpublished(error, &database));
                // It has its name, and may lose it in a power cut.
                if !fs::exists(&database).map_err(MigrateError::from)? {
                    return Err(error.into());
                }
                Err(InPlaceError::Partly { schema, dirty: false, within: None, source: Box::new(error) })
            }
        }
    }

    /// All of it is in the one file.
    fn settled(&self) -> Result<(), MigrateError> {
        let (directory, place) = (self.making.directory(), self.making.place());
        let name = place.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match side_files::pending(directory, name)? {
            Some(beside) => Err(MigrateError::SideFile { path: directory.path().join(beside) }),
            None => Ok(side_files::sweep(directory, name)?),
        }
    }
}

fn unpublished(error: PublicationError, database: &Path) -> PathError {
    match error {
        PublicationError::Path(error) => error,
        error => PathError::on("make", database)(std::io::Error::other(error)),
    }
}
