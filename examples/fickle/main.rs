//! A service that misbehaves on demand: it holds a database open, answers at `/healthz`, and does what the file `mode`
//! beside it says, so that every release of it can have a fault of its own.
//!
//! ```text
//! fickle --version
//! fickle serve --database FILE --listen 127.0.0.1:8080 [--pid-file FILE]
//! ```
//!
//! Beside the executable, symlinks resolved, `version` holds the version that it is, and `mode` any of these lines:
//!
//! ```text
//! opens-late               opens the database only once somebody writes to the pipe `PID-FILE.open`
//! dies-at-once             exits 1 after it opened the database
//! dies-where QUERY         exits 1 after it opened the database, if the answer is not 0
//! dies-after MS            exits 1 so long after it listens
//! ignores-term             survives SIGTERM
//! never-healthy            answers 503, always with the same body
//! healthy-after N          answers N times 503 with a new body, then is well
//! answers-as VERSION       takes itself for another release
//! hangs-on-health          takes the question and never answers
//! flaps                    is well every second time
//! slow-start MS            listens only so long after it opened the database
//! slow-stop MS             ends only so long after SIGTERM
//! holds-lock               begins a write and never ends it
//! leaves-log               keeps everything in its write-ahead log, and ends without closing the database
//! keeps-database           leaves a child behind that keeps the database open; its number goes to `PID-FILE.child`
//! keeps-to-itself          opens the database in exclusive mode, with a write-ahead log
//! writes N SQL             runs a statement so often, before it listens
//! keeps-writing SQL        runs a statement again and again while it lives; `PID-FILE.acknowledged` gets a byte for each
//! writes-at-stop SQL       runs a statement after SIGTERM
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of its own, which is nothing but edge"
)]

mod health;
mod release;

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode, Stdio, exit};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use release::{Options, Release};

/// `SIGTERM` of signal(7).
const TERM: i32 = 15;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fickle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1);
    let release = Release::beside_the_executable()?;
    match arguments.next().as_deref() {
        Some("--version") => println!("fickle {}", release.version),
        Some("serve") => serve(release, &Options::parse(arguments)?)?,
        Some("keep") => keep(&Options::parse(arguments)?)?,
        _ => return Err("usage: fickle --version | serve --database FILE --listen ADDRESS [--pid-file FILE]".into()),
    }
    Ok(())
}

fn serve(release: Release, options: &Options) -> Fallible<()> {
    // Before anything else: a stop that comes early must not be lost.
    let (mut terms, voice) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(TERM, voice)?;
    if let (true, Some(path)) = (release.does("opens-late"), &options.pid_file) {
        std::fs::read(path.with_extension("open"))?;
    }
    let database = open(options)?;
    if release.does("leaves-log") {
        database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        database.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    }
    if release.does("keeps-to-itself") {
        database.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
        database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        // It has it from the first write on.
        database.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
    }
    if release.does("dies-at-once") {
        return Err("dying at once, as told".into());
    }
    if let Some(query) = release.mode.get("dies-where")
        && database.query_row(query, [], |row| row.get::<_, i64>(0))? != 0
    {
        return Err("dying with this database, as told".into());
    }
    if let Some(path) = &options.pid_file {
        write_whole(path, &std::process::id().to_string())?;
    }
    if let Some((times, statement)) = release.mode.get("writes").and_then(|rest| rest.split_once(' ')) {
        for _ in 0..times.parse::<u64>()? {
            database.execute(statement, [])?;
        }
    }
    if release.does("holds-lock") {
        database.execute_batch("BEGIN IMMEDIATE")?;
    }
    if release.does("keeps-database") {
        leave_child(options)?;
    }
    if let Some(statement) = release.mode.get("keeps-writing") {
        keep_writing(statement.clone(), options)?;
    }
    release.pause("slow-start")?;
    let release = Arc::new(release);
    health::listen(&options.listen, Arc::clone(&release))?;
    if let Some(after) = release.number("dies-after")? {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(after));
            eprintln!("fickle: dying {after} ms after the start, as told");
            exit(1);
        });
    }
    loop {
        terms.read_exact(&mut [0])?;
        if !release.does("ignores-term") {
            break;
        }
    }
    if let Some(statement) = release.mode.get("writes-at-stop") {
        database.execute(statement, [])?;
    }
    release.pause("slow-stop")?;
    if let Some(path) = &options.pid_file {
        std::fs::remove_file(path)?;
    }
    if release.does("leaves-log") {
        exit(0);
    }
    Ok(())
}

/// Keeps the database open until it is killed.
fn keep(options: &Options) -> Fallible<()> {
    let _database = open(options)?;
    println!("kept");
    loop {
        thread::park();
    }
}

/// An open connection that has read, as every service has one.
fn open(options: &Options) -> Fallible<Connection> {
    let database = Connection::open_with_flags(&options.database, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| format!("cannot open `{}`: {error}", options.database.display()))?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(database)
}

/// Returns when the child has the database open.
fn leave_child(options: &Options) -> Fallible<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["keep", "--database"])
        .arg(&options.database)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(output) = &mut child.stdout {
        output.read_exact(&mut [0])?;
    }
    if let Some(path) = &options.pid_file {
        write_whole(&path.with_extension("child"), &child.id().to_string())?;
    }
    Ok(())
}

/// Ends with the process, in the middle of a transaction as likely as not.
fn keep_writing(statement: String, options: &Options) -> Fallible<()> {
    let database = open(options)?;
    let path = options.pid_file.as_ref().ok_or("`keeps-writing` needs `--pid-file`")?.with_extension("acknowledged");
    let mut acknowledged = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    thread::spawn(move || {
        while database.execute(&statement, []).is_ok() && acknowledged.write_all(b".").is_ok() {
            // Readers need gaps.
            thread::sleep(Duration::from_millis(5));
        }
    });
    Ok(())
}

/// Nobody ever reads half a number.
fn write_whole(path: &std::path::Path, text: &str) -> Fallible<()> {
    let new = path.with_extension("new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, path)?)
}
