//! Scripts that are killed, that run beside others, or that may not touch the service.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::Dpkg;
use super::dpkg::failed;
use crate::world::{Answer, NEW, OLD};

/// Kills the script before every seventh operation, each time on a machine of its own, and calls it again as dpkg does.
fn killed_and_called_again(machine: impl Fn() -> Dpkg, version: &str, call: &str, check: impl Fn(&Dpkg)) {
    let mut killed = 0;
    for at in (1..).step_by(7) {
        let mut dpkg = machine();
        let mut command = dpkg.command(version, call);
        let answer = Answer::of(command.env("GANTRY_INSTALLER_DIE_AT", at.to_string()).output().unwrap());
        if answer.code == 0 {
            break;
        }
        killed += 1;
        let again = dpkg.script(version, call);
        assert_eq!(again.code, 0, "killed before operation {at}: {answer:#?} {again:#?}");
        check(&dpkg);
    }
    assert!(killed > 3, "{killed}");
}

// FM-53: dpkg can only call the script again, and it goes on from the journal.
#[test]
fn an_upgrade_that_is_killed_anywhere_is_finished_by_the_next_call() {
    let machine = || {
        let mut dpkg = Dpkg::usual();
        dpkg.unpack("1.1.0");
        dpkg
    };
    killed_and_called_again(machine, "1.1.0", "postinst configure 1.0.0", |dpkg| {
        dpkg.world.stands_at("1.1.0", 2);
        assert_eq!(dpkg.record("package.json").unwrap()["release"], "1.1.0");
    });
}

#[test]
fn a_downgrade_that_is_killed_anywhere_is_finished_by_the_next_call() {
    let machine = || {
        let mut dpkg = Dpkg::usual();
        dpkg.install("1.1.0").unwrap();
        dpkg
    };
    killed_and_called_again(machine, "1.1.0", "prerm upgrade 1.0.0", |dpkg| dpkg.world.stands_at("1.0.0", 2));
}

#[test]
fn a_run_that_was_killed_is_ended_before_the_package_goes_on() {
    let mut dpkg = Dpkg::usual();
    dpkg.install("1.1.0").unwrap();
    let mut at = 0;
    while dpkg.world.run(&["status", "--json"]).json()["unfinished"].is_null() {
        at += 5;
        let mut command = dpkg.world.command(&["rollback", "--yes"]);
        let answer = Answer::of(command.env("GANTRY_INSTALLER_DIE_AT", at.to_string()).output().unwrap());
        assert_eq!(answer.code, -1, "it was over before it was interrupted: {answer:#?}");
    }
    // Nothing may come in before that is settled, and the message says how.
    let refused = dpkg.script("1.2.0", "preinst upgrade 1.1.0 1.2.0").expect(6);
    assert!(dpkg.world.plain(&refused.stderr).contains("gantry-installer recover"), "{refused:#?}");
    dpkg.script("1.1.0", "postinst abort-upgrade 1.2.0").expect(0);
    assert_eq!(dpkg.world.run(&["status", "--json"]).json()["unfinished"], serde_json::Value::Null);
}

// FM-53
#[test]
fn while_another_run_is_under_way_nothing_comes_in_and_its_holder_is_named() {
    let dpkg = &mut Dpkg::usual();
    let mut command = dpkg.world.command(&["backup", "create"]);
    // Stands still with the lock in its hand.
    let stop = rustix::process::Signal::STOP.as_raw();
    command.env("GANTRY_INSTALLER_SIGNAL_AT", format!("5 {stop}")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let lock = dpkg.world.path("state/lock");
    while std::fs::read(&lock).unwrap_or_default().is_empty() {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    dpkg.environment = vec![("GANTRY_INSTALLER_HASTE", "1000".to_owned())];
    let refused = dpkg.script("1.1.0", "preinst upgrade 1.0.0 1.1.0").expect(7);
    assert!(refused.stderr.contains(&format!("process {pid}")), "{refused:#?}");
    let refused = dpkg.script("1.1.0", "postinst configure 1.0.0").expect(7);
    assert!(refused.stderr.contains(&format!("process {pid}")), "{refused:#?}");
    // What dpkg calls after the refusal: a failure would leave the package broken.
    for call in ["postinst abort-upgrade 1.1.0", "postinst abort-remove"] {
        let left = dpkg.script("1.0.0", call).expect(0);
        assert!(left.stderr.contains(&format!("process {pid}")), "{left:#?}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    dpkg.script("1.1.0", "preinst upgrade 1.0.0 1.1.0").expect(0);
}

/// Puts the product under systemd, on a host that has what `files` say: name and content of programs.
fn under_systemd(dpkg: &mut Dpkg, booted: bool, policy: Option<&str>) {
    dpkg.world.service_by("manager = \"systemd\"\nunit = \"notes.service\"");
    let host = dpkg.world.path("host");
    std::fs::create_dir_all(host.join("usr/sbin")).unwrap();
    if booted {
        std::fs::create_dir_all(host.join("run/systemd/system")).unwrap();
    }
    if let Some(script) = policy {
        let file = host.join("usr/sbin/policy-rc.d");
        let written = std::process::Command::new("sh")
            .args(["-c", "printf '%s' \"$1\" > \"$2\"", "sh", script])
            .arg(&file)
            .status();
        assert!(written.unwrap().success());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    dpkg.environment = vec![("GANTRY_INSTALLER_HOST", host.to_str().unwrap().to_owned())];
}

#[test]
fn without_a_service_manager_the_release_waits_and_is_activated_at_boot() {
    let mut dpkg = Dpkg::installed(&[OLD, NEW]);
    let commands = std::fs::read_to_string(dpkg.world.path("installer.toml")).unwrap();
    let runs = dpkg.runs();
    under_systemd(&mut dpkg, false, None);
    dpkg.install("1.1.0").unwrap();
    assert_eq!((dpkg.half, dpkg.runs()), (false, runs));
    dpkg.world.stands_at("1.0.0", 1);
    let pending = dpkg.record("pending.json").unwrap();
    assert!(pending["reason"].as_str().unwrap().contains("systemd does not run here"), "{pending:#}");
    // A downgrade would have to stop the service.
    std::fs::write(dpkg.world.path("installer.toml"), commands).unwrap();
    dpkg.script("1.1.0", "activate").expect(0);
    dpkg.world.stands_at("1.1.0", 2);
    assert!(dpkg.record("pending.json").is_none());
    under_systemd(&mut dpkg, false, None);
    let refused = failed(dpkg.install("1.0.0"), "[1.1.0] prerm upgrade 1.0.0", 3);
    assert!(refused.stderr.contains("its service has to be stopped"), "{refused:#?}");
}

// Its releases would go with the package, and only with them can the run be ended.
#[test]
fn a_removal_without_a_service_manager_is_refused_while_a_run_is_unfinished() {
    let mut dpkg = Dpkg::usual();
    dpkg.unpack("1.1.0");
    let mut command = dpkg.command("1.1.0", "postinst configure 1.0.0");
    let killed = Answer::of(command.env("GANTRY_INSTALLER_DIE_AT", "80").output().unwrap());
    assert_eq!(killed.code, -1, "{killed:#?}");
    let commands = std::fs::read_to_string(dpkg.world.path("installer.toml")).unwrap();
    under_systemd(&mut dpkg, false, None);
    let refused = dpkg.script("1.1.0", "prerm remove").expect(3);
    assert!(dpkg.world.plain(&refused.stderr).contains("`gantry-installer recover --no-start`"), "{refused:#?}");
    dpkg.script("1.1.0", "postinst abort-remove").expect(0);
    std::fs::write(dpkg.world.path("installer.toml"), commands).unwrap();
    dpkg.environment.clear();
    dpkg.world.run(&["recover", "--no-start"]).expect(0);
    dpkg.script("1.1.0", "prerm remove").expect(0);
}

#[test]
fn a_first_installation_without_a_service_manager_waits_as_a_whole() {
    let mut dpkg = Dpkg::with(&[OLD]);
    let commands = std::fs::read_to_string(dpkg.world.path("installer.toml")).unwrap();
    under_systemd(&mut dpkg, false, None);
    dpkg.install("1.0.0").unwrap();
    assert_eq!((dpkg.world.current(), dpkg.world.database().exists()), (None, false));
    assert_eq!(dpkg.record("pending.json").unwrap()["release"], "1.0.0");
    std::fs::write(dpkg.world.path("installer.toml"), commands).unwrap();
    dpkg.script("1.0.0", "activate").expect(0);
    assert_eq!(dpkg.world.answers().as_deref(), Some("1.0.0"));
    dpkg.world.processes();
}

#[test]
fn where_the_administrator_forbids_it_no_script_touches_the_service() {
    let mut dpkg = Dpkg::installed(&[OLD, NEW]);
    under_systemd(&mut dpkg, true, Some("#!/bin/sh\nexit 101\n"));
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.0.0", 1);
    let pending = dpkg.record("pending.json").unwrap();
    assert!(pending["reason"].as_str().unwrap().contains("policy-rc.d` forbids"), "{pending:#}");
}
