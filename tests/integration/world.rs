//! A machine of its own in a temporary directory: signed releases, a configuration, a service that can misbehave, and
//! the installer as a real process.

use std::io::{Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use gantry_installer::manifest::signing;
use serde_json::Value;

#[allow(unused_imports, reason = "not every program that shares it goes to another major")]
pub use crate::release::{MAJOR, MAJOR_OF_NEW, NEW, OLD, Release, archive, measure};
use crate::{format, processes};

pub struct World {
    directory: tempfile::TempDir,
    key: String,
    secret: signing::SecretKey,
    sequence: u64,
    format: &'static str,
    pub port: u16,
    _claim: UnixListener,
    entries: String,
}

/// How long a lock or an answer is waited for: longer than any machine takes, however busy.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// What a run of the installer answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// Of a process that has ended.
    pub fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON object of `--json`.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON object in {self:#?}"))
    }

    /// The exit code, with everything that was said where it is another one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

impl World {
    /// A machine on which these releases are published and nothing is installed.
    pub fn with(releases: &[Release]) -> Self {
        Self::within(&std::env::temp_dir(), releases)
    }

    /// The same in a directory of this one.
    pub fn within(parent: &Path, releases: &[Release]) -> Self {
        let files = signing::generate(None).unwrap();
        let key = files.public.lines().last().unwrap().to_owned();
        let secret = signing::SecretKey::open(&files.secret, None).unwrap();
        let directory = tempfile::tempdir_in(parent).unwrap();
        let (port, claim) = free_port();
        let format = releases.first().map_or("golang-migrate", |release| release.format);
        let mut world =
            Self { directory, key, secret, sequence: 0, format, port, _claim: claim, entries: String::new() };
        for sub in ["releases", "data", "backups"] {
            std::fs::create_dir(world.path(sub)).unwrap();
        }
        for release in releases {
            world.add(release);
        }
        world.publish();
        world.configure("");
        world
    }

    /// The same with `OLD` installed, running, and three rows in its database.
    pub fn installed(releases: &[Release]) -> Self {
        let world = Self::with(releases);
        world.install(releases[0].version);
        world
    }

    /// Installs a release, and puts three rows into its database.
    pub fn install(&self, version: &str) {
        self.run(&["install", "--to", version, "--yes"]).expect(0);
        self.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    pub fn database(&self) -> PathBuf {
        self.path("data/notes.db")
    }

    /// Enters a release into the manifest that `publish` signs next.
    pub fn add(&mut self, release: &Release) {
        let name = format!("notes-{}.tar.gz", release.version);
        let file = self.path("releases").join(&name);
        archive(release, &file);
        let (size, sha256) = measure(&file);
        let Release { version, reads, extra, format, .. } = release;
        let schema = format::schema(format, release.schema);
        let reads: Vec<_> = reads.iter().map(|number| format::schema(format, *number)).collect();
        self.entries += &format!(
            "[[release]]\nversion = \"{version}\"\nschema = {schema}\nreads = {reads}\n{extra}\n\
             [[release.artifact]]\ntarget = \"any\"\nurl = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n",
            reads = serde_json::Value::from(reads),
        );
    }

    /// Takes all releases out of the manifest that `publish` signs next.
    pub fn withdraw(&mut self) {
        self.entries.clear();
    }

    /// Signs the manifest with the next sequence.
    pub fn publish(&mut self) {
        self.publish_with("2026-11-01T00:00:00Z", "2100-01-01T00:00:00Z");
    }

    pub fn publish_with(&mut self, created: &str, expires: &str) {
        self.sequence += 1;
        let text = format!(
            "format = 1\nproduct = \"notes\"\nsequence = {}\ncreated = \"{created}\"\nexpires = \"{expires}\"\n{}",
            self.sequence, self.entries
        );
        self.publish_text(&text);
    }

    /// Signs a manifest as it is.
    pub fn publish_text(&self, text: &str) {
        let file = self.path("releases/notes.toml");
        std::fs::write(&file, text).unwrap();
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        let signature = signing::sign(text.as_bytes(), &self.secret, "notes.toml", at).unwrap();
        std::fs::write(file.with_extension("toml.minisig"), signature).unwrap();
    }

    /// Writes the configuration, with `more` at its end.
    pub fn configure(&self, more: &str) {
        self.configure_at(&format!("{}", self.path("releases/notes.toml").display()), more);
    }

    /// The same with the manifest at another address.
    pub fn configure_at(&self, url: &str, more: &str) {
        let d = self.directory.path().display();
        let text = format!(
            r#"product = "notes"
[install]
root = "{d}/root"
state = "{d}/state"
[manifest]
url = "{url}"
keys = ["{key}"]
[database]
url = "sqlite:{d}/data/notes.db"
format = "{format}"
[service]
manager = "command"
start = ["{installer}", "--config", "{d}/installer.toml", "gate", "--", "{{binary}}", "serve", "--database", "{{database}}", "--listen", "127.0.0.1:{port}", "--pid-file", "{d}/notes.pid"]
stop = ["sh", "-c", "if grep -aqs {d} /proc/$(cat {d}/notes.pid)/cmdline; then kill -TERM $(cat {d}/notes.pid); fi"]
status = ["sh", "-c", "grep -aqs {d} /proc/$(cat {d}/notes.pid)/cmdline"]
pid_file = "{d}/notes.pid"
stop_timeout = "60s"
[health]
url = "http://127.0.0.1:{port}/healthz"
timeout = "60s"
[backup]
dir = "{d}/backups"
{more}"#,
            key = self.key,
            format = self.format,
            installer = env!("CARGO_BIN_EXE_gantry-installer"),
            port = self.port,
        );
        std::fs::write(self.path("installer.toml"), text).unwrap();
    }

    /// The installer with this configuration, ready to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry-installer"));
        command.arg("--config").arg(self.path("installer.toml")).args(arguments).stdin(Stdio::null());
        command.env_remove("GANTRY_INSTALLER_CONFIG").env("NO_COLOR", "1");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments))
    }

    /// Words with the commands in them as everybody knows them: without where this program and this world are.
    pub fn plain(&self, words: &str) -> String {
        let called =
            format!("{} --config {}", env!("CARGO_BIN_EXE_gantry-installer"), self.path("installer.toml").display());
        words.replace(&called, "gantry-installer")
    }

    /// The version that `current` points to.
    pub fn current(&self) -> Option<String> {
        let target = std::fs::read_link(self.path("root/current")).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }

    /// What the database's ledger says, as the number of a migration.
    pub fn schema(&self) -> i64 {
        self.query(format::newest(self.format))
    }

    pub fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Writes as the service would: by another connection, while it may be in use.
    pub fn execute(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// The version that answers at the health address, if any.
    pub fn answers(&self) -> Option<String> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let body = response.split_once("\r\n\r\n")?.1;
        let body: Value = serde_json::from_str(body).ok()?;
        Some(body.get("version")?.as_str()?.to_owned())
    }

    /// Asserts that release and schema belong together, that the service answers as this release, and that the three
    /// rows are there.
    #[track_caller]
    pub fn stands_at(&self, version: &str, schema: i64) {
        assert_eq!(self.current().as_deref(), Some(version));
        assert_eq!(self.schema(), schema);
        assert_eq!(self.answers().as_deref(), Some(version));
        assert_eq!(self.query::<i64>("SELECT count(*) FROM notes"), 3);
        assert_eq!(self.query::<String>("PRAGMA integrity_check"), "ok");
    }

    /// The processes that this world's service is made of, or that are about to become it, with their arguments.
    pub fn processes(&self) -> Vec<(u32, Vec<String>)> {
        processes::of(self.directory.path())
    }

    /// Ends the service and what it left behind, and returns when all of it is gone.
    pub fn kill_service(&self) {
        processes::kill(self.directory.path());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill_service();
    }
}

/// Runs a command to its end.
pub fn answer(mut command: Command) -> Answer {
    Answer::of(command.output().unwrap())
}

/// Below those that the system gives to connections, which could take it before the service does; and claimed, as other
/// tests look for one while this service is down.
fn free_port() -> (u16, UnixListener) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 200).unwrap() * 100;
    loop {
        let port = 10_000 + (own + NEXT.fetch_add(1, Ordering::SeqCst)) % 20_000;
        let name = SocketAddr::from_abstract_name(format!("gantry-installer-test-{port}")).unwrap();
        let Ok(claim) = UnixListener::bind_addr(&name) else { continue };
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return (port, claim);
        }
    }
}
