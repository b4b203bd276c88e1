//! Without root: a product whose every file belongs to the user who runs the installer.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::release::copy_program;
use crate::tally::{self, End};
use crate::world::{Answer, NEW, OLD, World, answer};

const SETPRIV: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/// A world that belongs to nobody; none where this user may not become another.
fn of_nobody() -> Option<World> {
    if !Command::new("setpriv").args(SETPRIV).arg("true").status().is_ok_and(|status| status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: this user may not become another one");
        return None;
    }
    let world = World::with(&[OLD, NEW]);
    // The way to the program may be closed to others.
    let program = world.path("gantry-installer");
    copy_program(Path::new(env!("CARGO_BIN_EXE_gantry-installer")), &program);
    world.replace(
        &format!("start = [\"{}\"", env!("CARGO_BIN_EXE_gantry-installer")),
        &format!("start = [\"{}\"", program.display()),
    );
    std::fs::set_permissions(world.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(world.path("")).status().unwrap().success());
    Some(world)
}

fn run(world: &World, arguments: &[&str]) -> Answer {
    let mut command = Command::new("setpriv");
    command.args(SETPRIV).arg(world.path("gantry-installer")).arg("--config").arg(world.path("installer.toml"));
    command.args(arguments).current_dir("/").stdin(std::process::Stdio::null());
    answer(command)
}

#[test]
fn a_user_who_owns_everything_installs_upgrades_undoes_and_goes_back() {
    let Some(world) = of_nobody() else { return };
    run(&world, &["install", "--to", "1.0.0", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(world.path("data")).status();
    assert!(owned.unwrap().success());
    run(&world, &["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    run(&world, &["rollback", "--strategy", "down", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
    world.misbehave("1.1.0", "never-healthy\ndies-after 1");
    run(&world, &["upgrade", "--to", "1.1.0", "--yes"]).expect(4);
    world.stands_at("1.0.0", 1);
    run(&world, &["backup", "verify"]).expect(0);
    run(&world, &["recover"]).expect(0);
    tally::point("install", "non-root", End::New);
    tally::row("upgrade", "non-root", 2, 1, 1);
    tally::point("rollback", "non-root", End::New);
}

#[test]
fn a_database_that_can_only_be_read_without_a_lock_is_told_as_such() {
    let Some(world) = of_nobody() else { return };
    run(&world, &["install", "--to", "1.0.0", "--yes"]).expect(0);
    world.kill_service();
    // Of a database with a log, the index of one would have to be made beside it.
    world.execute("PRAGMA journal_mode = WAL");
    let data = world.database().parent().unwrap().to_owned();
    assert!(Command::new("chown").arg("root:root").arg(&data).status().unwrap().success());
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(world.database(), PermissionsExt::from_mode(0o644)).unwrap();
    for command in ["gate", "status"] {
        let answer = run(&world, &[command, "--json"]).expect(0).json();
        let said = answer["warnings"].to_string();
        assert!(said.contains("was read without a lock"), "{command}: {said}");
        let words = run(&world, &[command]).expect(0);
        assert!(words.stderr.contains("was read without a lock"), "{command}: {}", words.stderr);
    }
    assert!(Command::new("chown").arg("65534:65534").arg(&data).status().unwrap().success());
    let answer = run(&world, &["gate", "--json"]).expect(0).json();
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 0, "{answer:#}");
}
