//! Several installers, a run that was interrupted, and nobody to ask.

use std::process::{Command, Stdio};

use gantry_installer::sys::lock::RunLock;

use super::{Stand, leave_unfinished, refused, shaped};
use crate::world::{NEW, OLD, World};

#[test]
fn a_second_installer_is_told_who_holds_the_lock() {
    let world = World::installed(&[OLD, NEW]);
    let before = Stand::of(&world);
    let lock = RunLock::acquire(&world.path("state/lock"), "upgrade").unwrap();
    for command in
        [&["upgrade"][..], &["install"], &["rollback"], &["recover"], &["backup", "create"], &["backup", "prune"]]
    {
        let object = shaped(&world.run(&[command, &["--json"]].concat()).expect(7));
        assert_eq!((&object["outcome"], &object["error"]["code"]), (&"locked".into(), &"locked".into()));
        let holder = format!("`upgrade`, process {}, since 20", std::process::id());
        assert!(object["error"]["message"].as_str().unwrap().contains(&holder), "{object:#}");
    }
    // Whoever only looks is not kept out.
    for command in
        [&["status"][..], &["gate"], &["verify"], &["history"], &["backup", "list"], &["upgrade", "--dry-run"]]
    {
        world.run(command).expect(0);
    }
    assert_eq!(Stand::of(&world), before);
    drop(lock);
    world.run(&["upgrade", "--yes"]).expect(0);
}

#[test]
fn of_two_installers_at_once_one_upgrades_and_the_other_waits_for_nobody() {
    let world = World::installed(&[OLD, NEW]);
    let start = |mut command: Command| command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let both = [(); 2].map(|()| start(world.command(&["upgrade", "--yes", "--json"])));
    let mut codes = both.map(|child| child.wait_with_output().unwrap().status.code().unwrap());
    codes.sort_unstable();
    // The later one is locked out, or comes when all is done.
    assert!(codes == [0, 7] || codes == [0, 0], "{codes:?}");
    world.stands_at("1.1.0", 2);
}

// FM-42
#[test]
fn an_unfinished_run_is_recovered_before_anything_else() {
    let world = World::installed(&[OLD, NEW]);
    leave_unfinished(&world);
    let before = Stand::of(&world);
    for command in [&["upgrade"][..], &["rollback"], &["install"], &["backup", "create"]] {
        let object = shaped(&world.run(&[command, &["--json"]].concat()).expect(6));
        assert_eq!(object["outcome"], "unfinished");
        let error = world.plain(&object["error"].to_string());
        assert!(error.contains("000009-upgrade-1.1.0") && error.contains("gantry-installer recover"), "{error}");
    }
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["unfinished"], "000009-upgrade-1.1.0");
    // Nothing is offered that would be refused.
    let words = world.plain(&world.run(&["status"]).expect(0).stdout);
    assert!(words.contains("unfinished 000009-upgrade-1.1.0: run `gantry-installer recover`\n"), "{words}");
    assert!(words.contains("available  1.1.0, once the run 000009-upgrade-1.1.0 has ended\n"), "{words}");
    let unfinished = ["000009-upgrade-1.1.0 was interrupted and is unfinished", "run `gantry-installer recover`"];
    refused(&world, &["verify"], "unfinished", &unfinished);
    let mode = world.path("root/versions/1.0.0/bin/mode");
    std::fs::write(&mode, "altered").unwrap();
    let found = refused(&world, &["verify"], "file", &["then look again with `gantry-installer verify`"]);
    assert_eq!(
        (&found["refusals"][0]["code"], &found["unfinished"]),
        (&"unfinished".into(), &"000009-upgrade-1.1.0".into())
    );
    std::fs::write(&mode, "").unwrap();
    assert_eq!(Stand::of(&world), before);
}

#[test]
fn a_run_that_another_process_is_at_work_on_is_not_called_interrupted() {
    let world = World::installed(&[OLD, NEW]);
    leave_unfinished(&world);
    let _lock = RunLock::acquire(&world.path("state/lock"), "upgrade").unwrap();
    let owner = format!("`upgrade`, process {}, since 20", std::process::id());
    let dry = shaped(&world.run(&["upgrade", "--dry-run", "--json"]).expect(7));
    assert!(dry["error"]["message"].as_str().unwrap().contains(&owner), "{dry:#}");
    refused(
        &world,
        &["verify"],
        "unfinished",
        &["000009-upgrade-1.1.0 is under way", &owner, "wait until it has ended"],
    );
    let words = world.run(&["status"]).expect(0).stdout;
    assert!(words.contains(&format!("under way  000009-upgrade-1.1.0: {owner}")), "{words}");
}

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_is_done() {
    let world = World::installed(&[OLD, NEW]);
    let words = ["nobody can be asked", "--yes"];
    refused(&world, &["upgrade"], "no-terminal", &words);
    world.run(&["upgrade", "--yes"]).expect(0);
    refused(&world, &["rollback"], "no-terminal", &words);
    refused(&world, &["rollback", "--strategy", "down"], "no-terminal", &words);
    let fresh = World::with(&[OLD]);
    refused(&fresh, &["install"], "no-terminal", &words);
}

#[test]
fn agreeing_in_advance_agrees_to_no_loss() {
    let far = crate::world::Release::new("1.2.0", 3, &[3]);
    let world = World::installed(&[OLD, far]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.execute("UPDATE notes SET mood = 'good'");
    let object = refused(&world, &["rollback", "--yes"], "loss", &["1.0.0", "--strategy"]);
    assert!(object["strategies"].as_array().unwrap().len() == 3, "{object:#}");
    refused(&world, &["rollback", "--yes", "--strategy", "binary"], "strategy", &["does not run on schema 3"]);
}
