//! Makes a database of a new major release out of one of the release before, and prints what became of every row.
//!
//! `carry OLD NEW MIGRATIONS MAPPING`: two files, the second of which must not be there, and the directories of the new
//! release's migrations and of its import mapping. With `--through EXPORT` before them the rows go through a neutral export,
//! which must not be there either. It is what benches/import.sh measures.

#![allow(clippy::disallowed_methods, reason = "an example is a program of its own, outside of the library's fence")]
#![allow(clippy::print_stdout, reason = "its answer")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use gantry_installer::config::{ForeignKeys, Format};
use gantry_installer::db::build::{Recipe, build};
use gantry_installer::db::export::{About, export as exporting};
use gantry_installer::db::import::{declare, import};
use gantry_installer::db::open::{Reader, create, open_owned};
use gantry_installer::migration::{Ledger, Set};
use gantry_installer::sys::watch::Watch;
use gantry_installer::transfer::mapping::Mapping;
use gantry_installer::transfer::reader::inspect;
use gantry_installer::version::SchemaVersion;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (through, rest) = match arguments.as_slice() {
        [option, export, rest @ ..] if option == Path::new("--through") => (Some(export), rest),
        all => (None, all),
    };
    let [old, new, migrations, mapping] = rest else {
        return Err("usage: carry [--through EXPORT] OLD NEW MIGRATIONS MAPPING".into());
    };
    let migrations = Set::read(Format::GolangMigrate, files(migrations)?.into_iter())?;
    let mapping = Mapping::read(&files(mapping)?)?;
    let ledger = Ledger::of(Format::GolangMigrate, None)?;
    let recipe = Recipe {
        mapping: &mapping,
        migrations: &migrations,
        schema: migrations.latest().ok_or("there are no migrations")?,
        fingerprint: None,
        ledger: &ledger,
        foreign_keys: ForeignKeys::Ignored,
        integrity: false,
    };
    let exported = through.map(|export| transfer(old, export, &new.with_extension("exported"), &ledger)).transpose()?;
    File::create_new(new)?;
    let account = build(exported.as_ref().unwrap_or(old), new, &recipe, &Heard::default())?;
    println!("{account}");
    let (fill, constraints, all, peak) = (account.fill_ms, account.constraints_ms, account.ms, peak()?);
    println!("fill_ms={fill} constraints_ms={constraints} ms={all} peak_kib={peak}");
    Ok(exported.map_or(Ok(()), std::fs::remove_file)?)
}

/// The old database once more, by way of an export.
fn transfer(old: &Path, export: &Path, again: &Path, ledger: &Ledger) -> Result<PathBuf, Box<dyn Error>> {
    let begun = Instant::now();
    let reader = Reader::open(old)?;
    let schema = Some(SchemaVersion::Number(1));
    let about = About { product: "carry".to_owned(), release: None, schema, created: jiff::Timestamp::now() };
    let output = BufWriter::with_capacity(1 << 20, File::create_new(export)?);
    let (mut output, _) = exporting(reader.connection(), ledger, about, output, &Heard::default())?;
    output.flush()?;
    output.get_ref().sync_all()?;
    let exported_ms = begun.elapsed().as_millis();
    let file = File::open(export)?;
    let (inventory, schema) = inspect(BufReader::with_capacity(1 << 20, &file))?;
    let inspected_ms = begun.elapsed().as_millis();
    File::create_new(again)?;
    create(again)?;
    let mut connection = open_owned(again, ForeignKeys::Ignored)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    declare(&mut connection, &schema, Arc::new(|| false))?;
    let file = File::open(export)?;
    import(&connection, ledger, &inventory, BufReader::with_capacity(1 << 20, &file), &Heard::default())?;
    let imported_ms = begun.elapsed().as_millis();
    println!("exported_ms={exported_ms} inspected_ms={inspected_ms} imported_ms={imported_ms}");
    Ok(again.to_owned())
}

/// The most memory that this process had, in KiB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("there is no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn files(directory: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// How far it came.
#[derive(Default)]
struct Heard(Cell<u64>);

impl Watch for Heard {
    fn progress(&self, done: u64, _: u64) {
        self.0.set(done);
    }

    fn cancelled(&self) -> bool {
        false
    }
}
