//! A service whose migrations are compiled in, as a real process.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::Answer;

/// The example, fed with these lines.
fn notebook(database: &Path, lines: &str) -> Answer {
    let program = Path::new(env!("CARGO_BIN_EXE_gantry-installer")).with_file_name("examples").join("notebook");
    let mut command = Command::new(program);
    command.arg(database).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that ends at once reads nothing.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_service_migrates_when_it_starts_and_goes_on_from_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("lines.db");
    let first = notebook(&database, "one\ntwo\n").expect(0);
    assert_eq!(first.stdout, "applied 0001_lines.up.sql\napplied 0002_when.up.sql\n1\n2\n");
    assert_eq!(notebook(&database, "three\n").expect(0).stdout, "3\n");
    // The migration tool finds the ledger as the engine of the format would have left it, and the service the tool's.
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/notebook/migrations");
    let database_url = format!("sqlite:{}", database.display());
    let mut down = Command::new(env!("CARGO_BIN_EXE_gantry-installer"));
    down.args(["migrate", "--database", &database_url, "--dir", migrations, "--yes", "down", "1"]);
    assert!(down.output().unwrap().status.success());
    assert_eq!(notebook(&database, "four\n").expect(0).stdout, "applied 0002_when.up.sql\n4\n");
}

#[test]
fn a_service_does_not_migrate_what_an_installer_looks_after() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("lines.db");
    let work = directory.path().join(".gantry-installer-lines");
    std::fs::create_dir(&work).unwrap();
    let owner = r#"{ "format": 1, "product": "lines", "state": "/var/lib/gantry-installer/lines" }"#;
    std::fs::write(work.join("owner.json"), owner).unwrap();
    let refused = notebook(&database, "one\n").expect(1);
    assert!(refused.stderr.contains("belongs to the installed product lines"), "{refused:#?}");
    assert!(!database.exists());
}
