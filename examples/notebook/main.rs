//! A small service whose migrations are compiled in: it keeps every line that it reads, and answers with how many it has.
//!
//! ```console
//! $ echo hello | cargo run --example notebook -- /tmp/notebook.db
//! applied 0001_lines.up.sql
//! applied 0002_when.up.sql
//! 1
//! ```

#![allow(clippy::disallowed_methods, reason = "the fence is for the installer, not for what it looks after")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what the service answers")]

use std::error::Error;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;

use gantry_installer::embedded::{Format, Migrations};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("notebook: {error}");
            let mut cause = error.source();
            while let Some(reason) = cause {
                eprintln!("  caused by: {reason}");
                cause = reason.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from).ok_or("give the path of the database")?;
    let files = gantry_installer::migrations!("migrations";
        "0001_lines.up.sql", "0001_lines.down.sql", "0002_when.up.sql", "0002_when.down.sql",
    );
    let migrations = Migrations::new(Format::GolangMigrate, &files)?;
    migrations.migrate(&path)?.applied.iter().for_each(|file| println!("applied {file}"));
    let connection = migrations.open(&path)?;
    for line in std::io::stdin().lock().lines() {
        connection.execute("INSERT INTO lines (text, written) VALUES (?1, unixepoch())", [line?])?;
        let count: i64 = connection.query_row("SELECT count(*) FROM lines", [], |row| row.get(0))?;
        println!("{count}");
    }
    Ok(())
}
