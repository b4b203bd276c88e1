//! Whoever may read and write what the tool makes, whatever its umask is.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{NEW, OLD, World, answer};

fn run(world: &World, umask: &str, arguments: &[&str]) {
    let installer = world.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
    answer({
        command.arg(installer.get_program()).args(installer.get_args());
        command
    })
    .expect(0);
}

fn everything(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_dir() {
            everything(&path, found);
        }
        found.push(path);
    }
}

#[test]
fn whatever_the_umask_is_data_is_private_and_nothing_can_be_written_by_others() {
    for umask in ["000", "077"] {
        let world = World::with(&[OLD, NEW]);
        world.replace("/backups\"", "/vault/backups\"");
        run(&world, umask, &["install", "--to", "1.0.0", "--yes"]);
        run(&world, umask, &["upgrade", "--yes"]);
        run(&world, umask, &["backup", "create"]);
        let mut found = vec![world.path("state"), world.path("root"), world.path("vault")];
        for place in ["state", "root", "vault", "data"] {
            everything(&world.path(place), &mut found);
        }
        for path in &found {
            let kind = path.symlink_metadata().unwrap();
            // The service makes its own log beside its database.
            let of_service = path.to_str().unwrap().contains("notes.db-");
            if kind.is_symlink() || of_service {
                continue;
            }
            let inside = path.strip_prefix(world.path("")).unwrap().to_str().unwrap();
            let open = match inside {
                "state" => 0o755,
                "state/gate.json" | "state/expect.lock" | "state/gate.lock" => 0o644,
                _ if inside.starts_with("root") => {
                    if kind.is_dir() || inside.ends_with("bin/notes") {
                        0o755
                    } else {
                        0o644
                    }
                }
                _ if kind.is_dir() => 0o700,
                _ => 0o600,
            };
            assert_eq!(kind.mode() & 0o7777, open, "{inside} under the umask {umask}");
        }
    }
}
