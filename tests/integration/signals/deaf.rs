//! Nobody listens any more: the terminal is gone, or whoever read the output has ended.

use std::process::{Command, Stdio};

use crate::world::{NEW, OLD, World};

fn upgrade(world: &World) -> Command {
    let mut command = world.command(&["-v", "upgrade", "--to", "1.1.0", "--yes"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn an_upgrade_whose_output_nobody_reads_is_finished() {
    for json in [false, true] {
        let world = World::installed(&[OLD, NEW]);
        let mut command = upgrade(&world);
        if json {
            command.arg("--json");
        }
        let mut child = command.spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0));
        world.stands_at("1.1.0", 2);
    }
}

#[test]
fn an_upgrade_that_was_told_to_ignore_the_end_of_its_terminal_is_finished() {
    let world = World::installed(&[OLD, NEW]);
    let mut command = Command::new("nohup");
    let upgrade = upgrade(&world);
    command.arg(upgrade.get_program()).args(upgrade.get_args()).env("GANTRY_INSTALLER_SIGNAL_AT", "100 1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("signalled before operation 100: "));
    assert_eq!(output.status.code(), Some(0));
    world.stands_at("1.1.0", 2);
}

// No signal but those three is answered: it ends the program as a kill does, and `recover` is there for that.
#[test]
fn a_signal_that_nobody_answers_ends_the_program_like_a_kill() {
    let world = World::installed(&[OLD, NEW]);
    let mut command = upgrade(&world);
    // No shell has its background jobs ignore this one.
    let user = rustix::process::Signal::USR1.as_raw();
    command.env("GANTRY_INSTALLER_SIGNAL_AT", format!("120 {user}")).current_dir(world.path(""));
    assert_eq!(command.output().unwrap().status.code(), None);
    assert_eq!(world.run(&["recover", "--json"]).expect(0).json()["outcome"], "restored");
    world.stands_at("1.0.0", 1);
}
