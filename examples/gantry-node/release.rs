//! Which release this program is, and what of the schema it may use.

use std::path::{Path, PathBuf};

use gantry_installer::version::Version;
use serde::Deserialize;
use thiserror::Error;

/// `release.toml` of a version directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The release that this program is.
    pub version: Version,
    /// The newest schema that it knows.
    pub schema: i64,
    /// Every schema that it runs on.
    pub reads: Vec<i64>,
    /// Serves everything else and is never well: a bad release, to try out what becomes of an upgrade to it.
    #[serde(default)]
    pub never_healthy: bool,
}

/// No release can be told.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// The program's own place is unknown.
    #[error("cannot tell where this program is")]
    Place(#[source] std::io::Error),
    /// The file is not there or not readable.
    #[error("cannot read `{}`, which says which release this is", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The file has another form.
    #[error("cannot understand `{}`", path.display())]
    Parse { path: PathBuf, source: toml::de::Error },
}

impl Release {
    /// From `release.toml` beside the directory of this program, symlinks resolved.
    pub fn of_this_program() -> Result<Self, ReleaseError> {
        // The kernel's link is resolved already: a node that was started by way of `current` finds its own version.
        let program = std::env::current_exe().map_err(ReleaseError::Place)?;
        let version_directory = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let path = version_directory.join("release.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(ReleaseError::Read { path, source }),
        };
        toml::from_str(&text).map_err(|source| ReleaseError::Parse { path, source })
    }
}

/// What a release may use of a schema: no more than it knows, and no more than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(i64);

impl Level {
    /// For a release on the schema that the database has; nothing where the release does not run on it.
    pub fn of(release: &Release, live_schema: i64) -> Option<Self> {
        release.reads.contains(&live_schema).then(|| Self(release.schema.min(live_schema)))
    }

    /// Schema 4: `replicas`.
    pub fn has_replicas(self) -> bool {
        self.0 >= 4
    }

    /// Schema 5: `buckets.quota_bytes`.
    pub fn has_quotas(self) -> bool {
        self.0 >= 5
    }

    /// Schema 6: `objects.content_type`, `uploads`, `upload_parts`.
    pub fn has_content_types(self) -> bool {
        self.0 >= 6
    }

    /// Schema 7: `objects.generation`, and `size` is called `size_bytes`.
    pub fn has_generations(self) -> bool {
        self.0 >= 7
    }

    /// Schema 8: what each bucket holds is counted.
    pub fn has_usage(self) -> bool {
        self.0 >= 8
    }

    /// Schema 105, the first of 2.0: `bucket_usage` is part of `buckets`, `cradles` are `servers`, and names are short.
    fn is_second(self) -> bool {
        self.0 >= 105
    }

    /// The column of an object's size.
    pub fn size_column(self) -> &'static str {
        if self.has_generations() && !self.is_second() { "size_bytes" } else { "size" }
    }

    /// The table of what each bucket holds, its key, and when it was counted.
    pub fn usage(self) -> (&'static str, &'static str, &'static str) {
        if self.is_second() { ("buckets", "id", "counted_at") } else { ("bucket_usage", "bucket_id", "changed_at") }
    }

    /// Whether that table has rows of its own.
    pub fn has_usage_rows(self) -> bool {
        self.has_usage() && !self.is_second()
    }

    /// The table of cradles, and what `replicas` calls one.
    pub fn cradles(self) -> (&'static str, &'static str) {
        if self.is_second() { ("servers", "server_id") } else { ("cradles", "cradle_id") }
    }

    /// Whether it is noted when a cradle was seen last.
    pub fn has_sightings(self) -> bool {
        !self.is_second()
    }
}
