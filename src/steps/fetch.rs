//! Does: downloads, verifies and unpacks the releases of the way, and proves that each can run here.
//! Undo: removes them again, unless a database that was given up needs them; what they replaced is put back.
//! If killed half-way: downloads go on where they stopped; what is unpacked under a staging name is thrown away.
//! Touches: `install.root`/versions, the state's downloads and releases.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::error::Blame;
use super::migrator::{Job, LIMIT, bring};
use super::{Machine, StepError, import, replaced, sets};
use crate::config::Migrator;
use crate::db::schema;
use crate::digest::{Fingerprint, Sha256};
use crate::journal::releases::{self, ReleaseRecord};
use crate::manifest::Release;
use crate::plan::step::Incoming;
use crate::sys::attributes::{self, Owner};
use crate::sys::dir::Dir;
use crate::sys::process::{Environment, Program};
use crate::sys::{fs, host, http};
use crate::verify::{Limits, VerifiedFile, unpack};
use crate::version::Version;

/// The digest of each file of a release, by its path.
type Digests = BTreeMap<String, Sha256>;

/// What helps against an archive that is signed, and wrong all the same.
const PUBLISHER: &str = "tell the publisher; another archive of the release can be taken once it is published";
/// How long a program may take to print its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) fn perform(incoming: &[Incoming], machine: &mut Machine<'_>) -> Result<(), StepError> {
    for one in incoming {
        bring_in(one, machine).map_err(|error| error.about(&one.release.version))?;
    }
    Ok(())
}

pub(super) fn discard(incoming: &[Incoming], machine: &mut Machine<'_>) -> Result<(), StepError> {
    let layout = &machine.config.layout;
    let needed = fs::exists(&machine.places.abandoned_database())?;
    replaced::give_back(machine.plan, layout)?;
    for one in incoming {
        let version = &one.release.version;
        fs::remove_dir_all(&layout.staged(version))?;
        let was_there = releases::read(layout, version)?.is_some_and(|known| known.artifact != one.sha256);
        if !needed && !was_there {
            fs::remove_dir_all(&layout.version(version))?;
            fs::remove_file(&layout.release(version))?;
        }
    }
    Ok(())
}

fn bring_in(incoming: &Incoming, machine: &Machine<'_>) -> Result<(), StepError> {
    let layout = &machine.config.layout;
    let version = &incoming.release.version;
    let known = releases::read(layout, version)?;
    if known.as_ref().is_some_and(|known| known.artifact == incoming.sha256) {
        return Ok(());
    }
    let part = layout.download(incoming.sha256);
    fs::create_dir_all(&layout.downloads(), 0o700)?;
    // The plan is kept, and says where from without a user and a password; the manifest's own address has them.
    let named = incoming.release.artifacts.iter().find(|artifact| artifact.sha256 == incoming.sha256);
    let address = named.map(|artifact| http::join(&machine.config.manifest.url, &artifact.url)).transpose();
    let address = address.map_err(|error| StepError::world("download", "cannot tell where the archive is", error))?;
    let address = address.as_ref().unwrap_or(&incoming.url);
    machine.client.download(address, incoming.size, incoming.sha256, &part, machine.watch).map_err(|error| {
        let remedy = error
            .problem
            .remedy()
            .unwrap_or("check the network, then run the same command again; the download goes on where it stopped");
        StepError::world("download", format!("cannot download `{}`", incoming.url), error).remedy(remedy)
    })?;
    let verified = VerifiedFile::check(&part, incoming.size, incoming.sha256)
        .map_err(|error| StepError::world("digest", format!("cannot trust `{}`", incoming.url), error))?;
    let staged = layout.staged(version);
    fs::create_dir_all(&layout.versions(), 0o755)?;
    fs::remove_dir_all(&staged)?;
    let unpacked = unpack(&verified, &staged, &Limits::default(), machine.watch)
        .map_err(|error| StepError::world("archive", format!("cannot unpack the archive of {version}"), error))?;
    let record = examine(incoming, &staged, unpacked.digests, machine)?;
    // The record first: a version without one is not on disk, and a record without a version neither.
    match known {
        Some(_) => replaced::put_away(version, layout)?,
        None => fs::remove_dir_all(&layout.version(version))?,
    }
    fs::create_dir_all(&layout.releases(), 0o700)?;
    releases::write(layout, &record)?;
    fs::rename(&staged, &layout.version(version))?;
    Ok(http::discard(&part)?)
}

/// Proves that the release is what the manifest says, and can run here. Only migrations that fail hold it: the rest may be
/// the disk's fault, this machine's or the manifest's.
fn examine(
    incoming: &Incoming,
    staged: &Path,
    files: Digests,
    machine: &Machine<'_>,
) -> Result<ReleaseRecord, StepError> {
    let config = machine.config;
    let release = &incoming.release;
    let finding = |message| StepError::finding("archive", message, Blame::World).remedy(PUBLISHER);
    let program = staged.join(&config.layout.binary);
    let there = fs::exists(&program)? && fs::metadata(&program)?.permissions().mode() & 0o111 != 0;
    if !there {
        return Err(finding(format!("the archive has no program `{}`", config.layout.binary.display())));
    }
    check_version(release, &program, machine)?;
    if let Some(import) = &release.import {
        if config.database.migrator.is_some() {
            return Err(finding(format!(
                "{} is made by an import, and a product that migrates itself has none",
                release.version
            )));
        }
        import::mapping(&staged.join(import))?;
    }
    if let Some(migrator) = &config.database.migrator {
        return by_migrator(incoming, staged, files, migrator, machine);
    }
    let set = sets::read(config, &staged.join("migrations"))?;
    let ledger = sets::ledger(config)?;
    if set.position(&release.schema).is_none() {
        let message = format!("the archive has no migration for schema {}, which its manifest names", release.schema);
        return Err(finding(message));
    }
    let mut schemas = BTreeMap::new();
    let mut fingerprints = BTreeMap::new();
    let mut order = Vec::new();
    let prints = schema::prints(&set, &ledger, config.database.foreign_keys, set.migrations().len())
        .map_err(|error| StepError::release("migrations", "the migrations fail on an empty database", error))?;
    for (version, print) in prints.into_iter().filter_map(|(version, print)| Some((version?, print))) {
        if version == release.schema {
            check_fingerprint(incoming, print.fingerprint)?;
        }
        fingerprints.insert(version.to_string(), print.fingerprint);
        if release.runs_on(&version) {
            schemas.insert(version.to_string(), print);
        }
        order.push(version);
    }
    let mut release = release.clone();
    release.artifacts.retain(|artifact| artifact.sha256 == incoming.sha256);
    Ok(ReleaseRecord { release, artifact: incoming.sha256, files, order, fingerprints, schemas })
}

/// The record of a release that migrates itself: what its migrator makes of an empty database.
fn by_migrator(
    incoming: &Incoming,
    staged: &Path,
    files: Digests,
    migrator: &Migrator,
    machine: &Machine<'_>,
) -> Result<ReleaseRecord, StepError> {
    let layout = &machine.config.layout;
    let release = &incoming.release;
    let place = layout.state.join("migrator");
    fs::remove_dir_all(&place)?;
    fs::create_dir_all(&place, 0o700)?;
    let directory = Dir::open(&place)?;
    let file = directory.create_file(EMPTY)?;
    if let Some(user) = machine.user {
        attributes::give(&file, &place.join(EMPTY), Owner { user: user.uid, group: user.gid })?;
    }
    drop(file);
    let program = staged.join(&layout.binary);
    let (version, to) = (&release.version, &release.schema);
    let job = Job {
        migrator,
        version,
        program: &program,
        to,
        directory: &directory,
        name: EMPTY,
        limit: LIMIT,
        interrupt: &machine.interrupt,
    };
    let made = bring(&job, machine);
    fs::remove_dir_all(&place)?;
    let print = made?.print;
    check_fingerprint(incoming, print.fingerprint)?;
    // The schemas that releases below it came with are older.
    let below =
        releases::of_major(layout, version.major())?.into_iter().rfind(|known| known.release.version < *version);
    let mut order = below.map(|known| known.order).unwrap_or_default();
    if !order.contains(to) {
        order.push(to.clone());
    }
    let name = to.to_string();
    let mut release = release.clone();
    release.artifacts.retain(|artifact| artifact.sha256 == incoming.sha256);
    Ok(ReleaseRecord {
        release,
        artifact: incoming.sha256,
        files,
        order,
        fingerprints: [(name.clone(), print.fingerprint)].into(),
        schemas: [(name, print)].into(),
    })
}

/// The empty database that a migrator is tried on.
const EMPTY: &str = "empty.db";

fn check_fingerprint(incoming: &Incoming, found: Fingerprint) -> Result<(), StepError> {
    let release = &incoming.release;
    match release.fingerprint {
        Some(expected) if expected != found => Err(StepError::finding(
            "fingerprint",
            format!(
                "the migrations lead to schema {} with fingerprint {found}, and the manifest says {expected}",
                release.schema
            ),
            Blame::World,
        )
        .remedy(PUBLISHER)),
        _ => Ok(()),
    }
}

/// Whether one of the words is the version, with or without a `v` before it.
pub(crate) fn says_version(said: &str, version: &Version) -> bool {
    let expected = version.to_string();
    said.split_whitespace().any(|word| word == expected || word.strip_prefix('v') == Some(&expected))
}

/// Runs the program with `--version`, as the database's owner, without the database: a wrong architecture or a missing
/// library shows here, while the old one still runs.
fn check_version(release: &Release, program: &Path, machine: &Machine<'_>) -> Result<(), StepError> {
    let private = machine.config.layout.private();
    let environment = Environment::Clean { private: &private, user: machine.user };
    let run = Program {
        argv: vec![program.into(), "--version".into()],
        environment,
        timeout: VERSION_TIMEOUT,
        interrupt: &machine.interrupt,
    };
    let remedy = "the artifact may be built for another machine: tell its publisher";
    let output = run.run().map_err(|error| {
        StepError::world("program", "the program of the release cannot run here", error).remedy(remedy)
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let expected = release.version.to_string();
    if output.status.success() && says_version(&said, &release.version) {
        return Ok(());
    }
    // The C library hands what the kernel does not take to a shell, so that it is not the start that fails.
    if host::is_foreign(program)? {
        let message = format!("the program of {expected} cannot run here: it is built for another processor");
        return Err(StepError::finding("program", message, Blame::World).remedy(remedy));
    }
    let message = format!("the program says `{}` to --version ({}), and not {expected}", said.trim(), output.status);
    Err(StepError::finding("program", message, Blame::World).remedy(remedy))
}
