//! What has its place in `cargo test`: the network, the service, full disks, signals, races, places, load, and kills at the
//! installer's own seam. The proof runs each of these tests by itself, with every point of its sweep, and puts what it
//! tallied into the table. A test that says no ends is one point without one.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use gantry_installer::digest::Sha256;
use serde_json::Value;

use crate::findings::Findings;
use crate::record::Record;
use crate::scope::{Depth, Scope};

/// The rooms of the integration tests that let something go wrong.
const ROOMS: [&str; 12] = [
    "crash::",
    "download::",
    "failures::",
    "full_disk::",
    "load::",
    "major::",
    "network::",
    "places::",
    "races::",
    "security::",
    "service::",
    "signals::",
];

/// What the sweeps of these tests read.
const TURNED_UP: [(&str, &str); 2] = [("GANTRY_INSTALLER_EVERY", "1"), ("GANTRY_INSTALLER_CYCLES", "100")];
const TALLY: &str = "GANTRY_INSTALLER_TALLY";

/// The operation of their rows that say no ends, and the one by which a filter names a test.
const OPERATION: &str = "cargo test";

/// All of them; of a sample, what the tests themselves tallied when they ran. Returns what was skipped, in words.
pub fn run(scope: &Scope, record: &Record, findings: &Findings) -> Vec<String> {
    match scope.depth {
        Depth::Full => Suite::built().run(scope, record, findings),
        Depth::Quick => {
            let told = std::env::var_os(TALLY).and_then(|path| std::fs::read_to_string(path).ok());
            count(&told.unwrap_or_default(), scope, findings);
            Vec::new()
        }
    }
}

/// The program of the integration tests.
struct Suite {
    program: PathBuf,
    digest: String,
}

impl Suite {
    fn built() -> Self {
        let words = ["test", "--locked", "--test", "integration", "--no-run", "--message-format", "json"];
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(words).current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
        // What the cargo that runs this program told it would have some dependencies built anew, and ours with them.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(&name.to_string_lossy())) {
            cargo.env_remove(name);
        }
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "the integration tests were not built");
        let told = String::from_utf8(output.stdout).unwrap();
        let mut programs = told.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["target"]["name"] == "integration").then_some(())?;
            line["executable"].as_str().map(PathBuf::from)
        });
        let program = programs.next_back().unwrap();
        let digest = Sha256::of(&std::fs::read(&program).unwrap()).to_string();
        Self { program, digest }
    }

    fn tests(&self) -> Vec<String> {
        let output = self.command().args(["--list", "--format", "terse"]).output().unwrap();
        let listed = String::from_utf8(output.stdout).unwrap();
        let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
        names.filter(|name| ROOMS.iter().any(|room| name.starts_with(room))).map(str::to_owned).collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
        command
    }

    fn run(&self, scope: &Scope, record: &Record, findings: &Findings) -> Vec<String> {
        let since = Instant::now();
        let wanted = |(number, test): &(usize, String)| scope.wants(OPERATION, test) && scope.is_own(*number as u64);
        let left: VecDeque<_> = self.tests().into_iter().enumerate().filter(wanted).map(|(_, test)| test).collect();
        let (left, skipped) = (Mutex::new(left), Mutex::new(Vec::new()));
        std::thread::scope(|threads| {
            // They wait for a service, a limit or a disk for more than half of their time.
            for _ in 0..2 * scope.jobs {
                threads.spawn(|| {
                    loop {
                        let Some(test) = left.lock().unwrap().pop_front() else { break };
                        if scope.is_over() {
                            *findings.left.lock().unwrap() += 1;
                            break;
                        }
                        skipped.lock().unwrap().extend(self.one(&test, scope, record, findings));
                    }
                });
            }
        });
        eprintln!("cargo test: {:.0} s", since.elapsed().as_secs_f64());
        let mut skipped: Vec<String> = skipped.into_inner().unwrap();
        skipped.sort();
        skipped.dedup();
        skipped
    }

    /// Runs one, or counts what it tallied when it was run. Returns what it skipped.
    fn one(&self, test: &str, scope: &Scope, record: &Record, findings: &Findings) -> Vec<String> {
        let key = format!("{OPERATION} {} {test}", &self.digest[..16]);
        if let Some(told) = record.word(&key) {
            count(&told.replace('\t', "\n"), scope, findings);
            return Vec::new();
        }
        let place = tempfile::tempdir().unwrap();
        let tally = place.path().join("tally");
        let mut command = self.command();
        command.args(["--exact", test, "--nocapture"]).envs(TURNED_UP).env(TALLY, &tally);
        let output = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            let text = format!("BAD: {OPERATION} {test}: {}", words(&said));
            eprintln!("{text}\n{said}");
            findings.table.lock().unwrap().row(OPERATION, room(test)).bad += 1;
            findings.bad.lock().unwrap().push(text);
            return Vec::new();
        }
        let skipped: Vec<String> =
            said.lines().filter_map(|line| line.split_once("skipped: ")).map(|(_, words)| words.to_owned()).collect();
        if skipped.is_empty() {
            let mut told = std::fs::read_to_string(&tally).unwrap_or_default();
            if told.is_empty() {
                writeln!(told, "{OPERATION}|{}|1|0|0", room(test)).unwrap();
            }
            record.keep(&key, &told.trim_end().replace('\n', "\t"));
            count(&told, scope, findings);
        }
        skipped
    }
}

fn is_of_a_package(name: &str) -> bool {
    name == "OUT_DIR" || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|beginning| name.starts_with(beginning))
}

/// The first line of a failure that says something.
fn words(said: &str) -> &str {
    let after = said.lines().skip_while(|line| !line.contains("panicked at")).nth(1);
    after.unwrap_or_else(|| said.lines().last().unwrap_or_default())
}

fn room(test: &str) -> &str {
    test.split("::").next().unwrap_or(test)
}

/// Lines of `OPERATION|FAULT|POINTS|OLD|NEW`.
fn count(told: &str, scope: &Scope, findings: &Findings) {
    let mut table = findings.table.lock().unwrap();
    for line in told.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [operation, fault, points, old, new] = fields[..] else { panic!("no line of a tally: `{line}`") };
        // A filter of a sample leaves rows out; one of all named the test.
        if scope.depth == Depth::Quick && !scope.wants(operation, fault) {
            continue;
        }
        let number = |text: &str| text.parse::<u64>().unwrap();
        let row = table.row(operation, fault);
        row.tried += number(points);
        row.old += number(old);
        row.new += number(new);
    }
}
