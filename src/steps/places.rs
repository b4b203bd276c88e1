//! The files of one run, opened where that is safer than a path.

use std::path::{Path, PathBuf};

use crate::layout::{Layout, RunLayout, WorkLayout};
use crate::plan::Plan;
use crate::sys::dir::Dir;
use crate::sys::fs::PathError;

/// Where a run works.
#[derive(Clone, Debug)]
pub struct Places {
    /// The run's own files.
    pub run: RunLayout,
    /// The work directory beside the database.
    pub work: WorkLayout,
    /// The live database, symlinks resolved.
    pub live: PathBuf,
    name: String,
    imports: bool,
}

impl Places {
    /// Of a plan.
    pub fn of(layout: &Layout, plan: &Plan) -> Self {
        Self {
            run: layout.run(&plan.run),
            work: layout.work(&plan.database),
            live: plan.database.clone(),
            name: plan.run.clone(),
            imports: plan.import().is_some(),
        }
    }

    /// The database that the run builds.
    pub fn new_database(&self) -> PathBuf {
        self.work.directory.join(self.new_name())
    }

    /// Its name in the work directory.
    pub fn new_name(&self) -> String {
        WorkLayout::new_name(&self.name)
    }

    /// The name of the copy of the live database: what an import reads, or else what the run changes and then exchanges.
    pub fn copy_name(&self) -> String {
        if self.imports { WorkLayout::source_name(&self.name) } else { self.new_name() }
    }

    /// The copy of the live database.
    pub fn copy(&self) -> PathBuf {
        self.work.directory.join(self.copy_name())
    }

    /// The database that the run replaced.
    pub fn old_database(&self) -> PathBuf {
        self.work.directory.join(WorkLayout::old_name(&self.name))
    }

    /// The database that the run gave up.
    pub fn abandoned_database(&self) -> PathBuf {
        self.work.directory.join(WorkLayout::abandoned_name(&self.name))
    }

    /// The work directory, opened. The directory that it lies in may belong to a service that is not trusted.
    ///
    /// # Errors
    /// It is not there, or another user may write to it.
    pub fn open_work(&self) -> Result<Dir, PathError> {
        Dir::open_private(&self.work.directory)
    }

    /// The directory of the live database, opened, and the database's name in it.
    pub fn open_live(&self) -> Result<(Dir, String), PathError> {
        let directory = self.live.parent().unwrap_or(Path::new("/"));
        let name = self.live.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok((Dir::open(directory)?, name))
    }
}
