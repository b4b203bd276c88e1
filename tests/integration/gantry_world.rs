//! A machine that runs Gantry: its reference node, its own migrations, a signed repository, and clients that write all
//! the time and remember what was acknowledged.

mod losses;
mod release;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gantry_installer::manifest::signing;
use serde_json::Value;

use crate::world::{Answer, answer, measure};
pub use losses::Losses;
pub use release::GantryRelease;
use release::archive;

pub struct GantryWorld {
    directory: tempfile::TempDir,
    port: u16,
    load: Option<Child>,
}

impl GantryWorld {
    /// A machine on which these releases are published, and the first of them is installed and runs.
    pub fn installed(releases: &[GantryRelease]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let world = Self { directory: tempfile::tempdir().unwrap(), port, load: None };
        for directory in ["releases", "data", "backups"] {
            std::fs::create_dir(world.path(directory)).unwrap();
        }
        let key = world.publish(releases);
        std::fs::write(world.path("installer.toml"), world.configuration(&key)).unwrap();
        world.run(&["install", "--to", releases[0].version, "--yes"]).expect(0);
        world
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// The installer, with `--json`.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments))
    }

    /// The same, killed before its operation of that number, if it comes so far.
    pub fn run_killed(&self, arguments: &[&str], point: u64) -> Answer {
        let mut command = self.command(arguments);
        command.env("GANTRY_INSTALLER_DIE_AT", point.to_string());
        answer(command)
    }

    /// What the newest run says of itself, once it has ended.
    pub fn report(&self) -> Value {
        let runs = std::fs::read_dir(self.path("state/runs")).unwrap().map(|entry| entry.unwrap().path());
        let report = runs.max().unwrap().join("report.json");
        serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry-installer"));
        command.arg("--config").arg(self.path("installer.toml")).arg("--json").args(arguments).stdin(Stdio::null());
        command
    }

    /// Begins to write, `rate` times a second, until `end_load`.
    pub fn begin_load(&mut self, rate: u32) {
        let mut command = Command::new(example("gantry-load"));
        command.args([
            "--resume",
            "--until-stopped",
            "--rate",
            &rate.to_string(),
            "--url",
            &format!("http://127.0.0.1:{}", self.port),
        ]);
        command.arg("--log").arg(self.log()).stdin(Stdio::null()).stdout(Stdio::piped());
        self.load = Some(command.spawn().unwrap());
    }

    /// Ends the load; what it says of itself.
    pub fn end_load(&mut self) -> Value {
        let load = self.load.take().unwrap();
        signal("TERM", &load.id().to_string());
        serde_json::from_slice(&load.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Returns once `count` more writes were acknowledged.
    pub fn wait_for_acknowledgements(&self, count: usize) {
        let wanted = self.acknowledged() + count;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.acknowledged() < wanted {
            assert!(Instant::now() < deadline, "nothing is acknowledged any more");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the database misses of what was acknowledged, once the load has ended; fails where it is more than these
    /// losses name.
    pub fn verify(&self, losses: &Losses) -> Value {
        self.verify_in(&self.path("data/gantry.db"), losses)
    }

    /// The same of another database.
    pub fn verify_in(&self, database: &Path, losses: &Losses) -> Value {
        std::fs::write(self.path("losses.json"), losses.report().to_string()).unwrap();
        let mut command = Command::new(example("gantry-load"));
        command.arg("verify").arg("--database").arg(database).arg("--log").arg(self.log());
        command.arg("--loss").arg(self.path("losses.json"));
        answer(command).expect(0).json()
    }

    /// The release that `current` points to.
    pub fn current(&self) -> String {
        let target = std::fs::read_link(self.path("root/current")).unwrap();
        target.file_name().unwrap().to_str().unwrap().to_owned()
    }

    /// What the database's ledger says.
    pub fn schema(&self) -> i64 {
        let database = rusqlite::Connection::open(self.path("data/gantry.db")).unwrap();
        database.busy_timeout(Duration::from_secs(5)).unwrap();
        database.query_row("SELECT version FROM schema_migrations WHERE NOT dirty", [], |row| row.get(0)).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.path("acknowledged.log")
    }

    fn acknowledged(&self) -> usize {
        std::fs::read(self.log()).map_or(0, |log| log.iter().filter(|byte| **byte == b'\n').count())
    }

    /// Signs a manifest of the releases; the public key.
    fn publish(&self, releases: &[GantryRelease]) -> String {
        let mut manifest = "format = 1\nproduct = \"gantry\"\nsequence = 1\ncreated = \"2026-11-01T00:00:00Z\"\n\
             expires = \"2100-01-01T00:00:00Z\"\n"
            .to_owned();
        for release in releases {
            let name = format!("gantry-{}.tar.gz", release.version);
            let file = self.path("releases").join(&name);
            archive(release, &file);
            let (size, sha256) = measure(&file);
            let GantryRelease { version, schema, reads, extra, .. } = release;
            manifest += &format!(
                "[[release]]\nversion = \"{version}\"\nschema = {schema}\nreads = {reads:?}\n{extra}\n\
                 [[release.artifact]]\ntarget = \"any\"\nurl = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n"
            );
        }
        let files = signing::generate(None).unwrap();
        let key = signing::SecretKey::open(&files.secret, None).unwrap();
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        let signature = signing::sign(manifest.as_bytes(), &key, "gantry.toml", at).unwrap();
        std::fs::write(self.path("releases/gantry.toml"), manifest).unwrap();
        std::fs::write(self.path("releases/gantry.toml.minisig"), signature).unwrap();
        files.public.lines().last().unwrap().to_owned()
    }

    fn configuration(&self, key: &str) -> String {
        let d = self.directory.path().display();
        let port = self.port;
        format!(
            r#"product = "gantry"
[install]
root = "{d}/root"
state = "{d}/state"
[manifest]
url = "{d}/releases/gantry.toml"
keys = ["{key}"]
[database]
url = "sqlite:{d}/data/gantry.db"
format = "golang-migrate"
foreign_keys = true
[service]
manager = "command"
start = ["{{binary}}", "--listen", "127.0.0.1:{port}", "--database", "{{database}}", "--state", "{d}/state", "--pid-file", "{d}/gantry.pid"]
stop = ["sh", "-c", "kill -TERM $(cat {d}/gantry.pid)"]
status = ["sh", "-c", "kill -0 $(cat {d}/gantry.pid) 2>/dev/null"]
pid_file = "{d}/gantry.pid"
[health]
url = "http://127.0.0.1:{port}/healthz"
timeout = "5s"
[backup]
dir = "{d}/backups"
keep = 3
"#
        )
    }
}

impl Drop for GantryWorld {
    fn drop(&mut self) {
        if let Some(mut load) = self.load.take() {
            let _ = load.kill();
            let _ = load.wait();
        }
        if let Ok(pid) = std::fs::read_to_string(self.path("gantry.pid")) {
            signal("KILL", pid.trim());
        }
    }
}

fn signal(name: &str, pid: &str) {
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid).stderr(Stdio::null()).status();
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_gantry-installer")).with_file_name("examples").join(name)
}
