//! Where everything lives: path arithmetic only, nothing is looked at.

use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::version::Version;

/// The places of one product on this machine, from its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Holds `versions/` and `current`.
    pub root: PathBuf,
    /// Holds runs, the journal, the lock and what is trusted.
    pub state: PathBuf,
    /// The program inside a version, relative.
    pub binary: PathBuf,
    /// Holds the backups.
    pub backups: PathBuf,
    /// The product's name.
    pub product: String,
}

impl Layout {
    /// The symlink to the version that is in use.
    pub fn current(&self) -> PathBuf {
        self.root.join("current")
    }

    /// What `current` says for `version`: relative, so that the root can be moved.
    pub fn current_target(version: &Version) -> PathBuf {
        Path::new("versions").join(version.to_string())
    }

    /// All versions on disk.
    pub fn versions(&self) -> PathBuf {
        self.root.join("versions")
    }

    /// One version on disk.
    pub fn version(&self, version: &Version) -> PathBuf {
        self.versions().join(version.to_string())
    }

    /// Where a version is unpacked before it gets its name; disposable.
    pub fn staged(&self, version: &Version) -> PathBuf {
        self.versions().join(format!(".{version}.staged"))
    }

    /// Whether what has this name beside versions or backups is such a disposable one.
    pub fn is_staged(name: &str) -> bool {
        name.starts_with('.') && name.ends_with(".staged")
    }

    /// Where a version is kept that a run replaces by another archive of it, until that run has ended.
    pub fn replaced(&self, version: &Version) -> PathBuf {
        self.versions().join(format!(".{version}.replaced"))
    }

    /// What was trusted of a version that is kept so.
    pub fn replaced_release(&self, version: &Version) -> PathBuf {
        self.releases().join(format!(".{version}.replaced"))
    }

    /// The program of a version.
    pub fn program(&self, version: &Version) -> PathBuf {
        self.version(version).join(&self.binary)
    }

    /// The migrations that a version brought.
    pub fn migrations(&self, version: &Version) -> PathBuf {
        self.version(version).join("migrations")
    }

    /// Says which product owns the state directory, and its format.
    pub fn owner(&self) -> PathBuf {
        self.state.join("owner.json")
    }

    /// The lock of a run.
    pub fn lock(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// Locked by whoever makes a start, so that the gate can tell that it lives.
    pub fn expect_lock(&self) -> PathBuf {
        self.state.join("expect.lock")
    }

    /// Held by whatever came through the gate, as long as it lives; never locked by the installer itself.
    pub fn gate_lock(&self) -> PathBuf {
        self.state.join("gate.lock")
    }

    /// What the gate reads; world-readable.
    pub fn gate(&self) -> PathBuf {
        self.state.join("gate.json")
    }

    /// Sequences and times by key.
    pub fn trust(&self) -> PathBuf {
        self.state.join("trust.json")
    }

    /// The manifest that was verified last, byte for byte.
    pub fn manifest(&self) -> PathBuf {
        self.state.join("manifest.toml")
    }

    /// The releases that failed here.
    pub fn held(&self) -> PathBuf {
        self.state.join("held.json")
    }

    /// The probation of the last upgrade.
    pub fn probation(&self) -> PathBuf {
        self.state.join("probation.json")
    }

    /// The package that the product came with.
    pub fn package(&self) -> PathBuf {
        self.state.join("package.json")
    }

    /// A release that a package brought and that is not activated yet; a unit asks whether this is there.
    pub fn pending(&self) -> PathBuf {
        self.state.join("pending.json")
    }

    /// The bundle that a package brings.
    pub fn payload(&self) -> PathBuf {
        self.root.join("payload").join(format!("{}.bundle", self.product))
    }

    /// What was trusted of a release that was brought in.
    pub fn release(&self, version: &Version) -> PathBuf {
        self.state.join("releases").join(format!("{version}.json"))
    }

    /// All releases that were brought in.
    pub fn releases(&self) -> PathBuf {
        self.state.join("releases")
    }

    /// An artifact that is being downloaded, by the digest that it must have.
    pub fn download(&self, digest: Sha256) -> PathBuf {
        self.state.join("downloads").join(format!("{digest}.part"))
    }

    /// All downloads; disposable.
    pub fn downloads(&self) -> PathBuf {
        self.state.join("downloads")
    }

    /// A private directory for a program of the product that is run on the side; disposable.
    pub fn private(&self) -> PathBuf {
        self.state.join("private")
    }

    /// All runs, one directory each, named so that they sort by time.
    pub fn runs(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// One run.
    pub fn run(&self, id: &str) -> RunLayout {
        RunLayout { directory: self.runs().join(id) }
    }

    /// The work directory beside the database file, whose symlinks are resolved.
    pub fn work(&self, database: &Path) -> WorkLayout {
        let name = format!("{WORK_PREFIX}{}", self.product);
        WorkLayout { directory: database.with_file_name(name) }
    }

    /// Where a backup is before it gets its name, or after it lost it; disposable while no run is unfinished.
    pub fn staged_backup(&self, id: &str) -> PathBuf {
        self.backups.join(format!(".{id}.staged"))
    }

    /// One backup: its directory holds `database.db` and `backup.json`.
    pub fn backup(&self, id: &str) -> PathBuf {
        self.backups.join(id)
    }
}

/// What a work directory's name begins with; the product's name follows.
pub const WORK_PREFIX: &str = ".gantry-installer-";

/// The files of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLayout {
    /// Holds them.
    pub directory: PathBuf,
}

impl RunLayout {
    /// The plan, written once.
    pub fn plan(&self) -> PathBuf {
        self.directory.join("plan.json")
    }

    /// The journal, only appended to.
    pub fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    /// What the rehearsal showed.
    pub fn receipt(&self) -> PathBuf {
        self.directory.join("receipt.json")
    }

    /// What became of every row of the major below, for programs.
    pub fn import(&self) -> PathBuf {
        self.directory.join("import.json")
    }

    /// The same for people.
    pub fn import_text(&self) -> PathBuf {
        self.directory.join("import.txt")
    }

    /// What came of it.
    pub fn report(&self) -> PathBuf {
        self.directory.join("report.json")
    }
}

/// The work directory beside the database. Names that begin with `scratch` are disposable at any time under the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkLayout {
    /// Beside the database, so that a rename between the two is atomic.
    pub directory: PathBuf,
}

impl WorkLayout {
    /// The name of the record that says whose database lies beside it.
    pub const OWNER: &str = "owner.json";

    /// The name of the database that a run builds.
    pub fn new_name(run: &str) -> String {
        format!("{run}.new")
    }

    /// The name of the copy that an import reads: what it makes of it gets the name of the database that the run builds.
    pub fn source_name(run: &str) -> String {
        format!("{run}.source")
    }

    /// The name of the database that a run replaced.
    pub fn old_name(run: &str) -> String {
        format!("{run}.old")
    }

    /// The name of the database that a run gave up.
    pub fn abandoned_name(run: &str) -> String {
        format!("{run}.abandoned")
    }

    /// A copy that is thrown away.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.directory.join(format!("scratch-{name}.db"))
    }

    /// Whether what has this name in it may be thrown away at any time under the lock: a copy, with what SQLite puts
    /// beside it, or a record that was not written to its end.
    pub fn is_disposable(name: &str) -> bool {
        name.starts_with("scratch-") || (name.starts_with('.') && name.ends_with(".new"))
    }
}
