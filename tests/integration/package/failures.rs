//! Releases that fail when their package is configured.

use super::dpkg::{Dpkg, failed};
use crate::world::{NEW, OLD, Release};

const BROKEN: Release = NEW.mode("never-healthy\ndies-after 1");
const FIXED: Release = Release::new("1.1.1", 2, &[1, 2]);

fn calls_itself_held(dpkg: &mut Dpkg) {
    let before = dpkg.runs();
    let pid = std::fs::read_to_string(dpkg.world.path("notes.pid")).unwrap();
    // apt configures what is left before it does what it was asked to.
    let answer = failed(dpkg.configure(), "[1.1.0] postinst configure 1.0.0", 3);
    assert!(answer.stderr.contains("1.1.0 failed here in run 000002-upgrade-1.1.0"), "{answer:#?}");
    assert!(answer.stderr.contains("GANTRY_INSTALLER_RETRY=1 dpkg --configure notes"), "{answer:#?}");
    assert_eq!(dpkg.runs(), before);
    assert_eq!(std::fs::read_to_string(dpkg.world.path("notes.pid")).unwrap(), pid, "the service was not touched");
}

// FM-52: every later call of apt configures the package again.
#[test]
fn a_release_that_failed_costs_its_downtime_once_and_is_never_hidden() {
    let mut dpkg = Dpkg::installed(&[OLD, BROKEN]);
    let answer = failed(dpkg.install("1.1.0"), "[1.1.0] postinst configure 1.0.0", 4);
    assert!(answer.stderr.contains("apt install notes=1.0.0"), "{answer:#?}");
    dpkg.world.stands_at("1.0.0", 1);
    calls_itself_held(&mut dpkg);
    calls_itself_held(&mut dpkg);
    dpkg.environment = vec![("GANTRY_INSTALLER_RETRY", "1".to_owned())];
    failed(dpkg.configure(), "[1.1.0] postinst configure 1.0.0", 4);
    assert_eq!(dpkg.runs(), 3);
    dpkg.world.stands_at("1.0.0", 1);
}

#[test]
fn from_half_configured_back_keeps_what_was_written_since() {
    let mut dpkg = Dpkg::installed(&[OLD, BROKEN]);
    failed(dpkg.install("1.1.0"), "[1.1.0] postinst configure 1.0.0", 4);
    dpkg.world.execute("DELETE FROM notes; INSERT INTO notes (text) VALUES ('four'), ('five'), ('six')");
    dpkg.calls.clear();
    dpkg.install("1.0.0").unwrap();
    assert_eq!(dpkg.calls.last().unwrap(), "[1.0.0] postinst configure 1.0.0");
    dpkg.world.stands_at("1.0.0", 1);
    assert_eq!(dpkg.world.query::<String>("SELECT min(text) FROM notes"), "five");
    assert!(!dpkg.half);
    // It failed here: it does not even come in again.
    failed(dpkg.install("1.1.0"), "[1.1.0] preinst upgrade 1.0.0 1.1.0", 3);
    assert!(!dpkg.half);
}

#[test]
fn another_version_of_the_package_is_another_attempt() {
    let mut dpkg = Dpkg::installed(&[OLD, BROKEN, FIXED]);
    failed(dpkg.install("1.1.0"), "[1.1.0] postinst configure 1.0.0", 4);
    dpkg.install("1.1.1").unwrap();
    dpkg.world.stands_at("1.1.1", 2);
    assert_eq!(dpkg.configured.as_deref(), Some("1.1.1"));
}

#[test]
fn a_failure_that_is_deferred_is_told_of_and_waits() {
    let mut dpkg = Dpkg::installed(&[OLD, BROKEN]);
    dpkg.world.configure("[package]\non_failure = \"defer\"\n");
    dpkg.unpack("1.1.0");
    let said = dpkg.script("1.1.0", "postinst configure 1.0.0").expect(0).stderr;
    // It is held, so nobody is told to wait for a boot that would try it again.
    assert!(said.contains("--retry activate") && !said.contains("next boot"), "{said}");
    dpkg.world.stands_at("1.0.0", 1);
    let pending = dpkg.record("pending.json").unwrap();
    assert_eq!((&pending["release"], &pending["package"]), (&"1.1.0".into(), &"notes".into()));
    assert!(pending["reason"].as_str().unwrap().contains("does not become healthy"), "{pending:#}");
    let status = dpkg.world.run(&["status"]).expect(0).stdout;
    assert!(status.contains("pending    1.1.0 of the package `notes`"), "{status}");
    // `upgrade` is refused where a package brings the product, so nobody is sent there.
    assert!(status.contains("--release 1.1.0 --retry activate` takes it again"), "{status}");
    assert!(!status.contains("upgrade --to"), "{status}");
    // At the next boot nothing is tried again, and the unit says so.
    let runs = dpkg.runs();
    dpkg.script("1.1.0", "activate").expect(3);
    dpkg.script("1.1.0", "postinst configure 1.1.0").expect(0);
    assert_eq!(dpkg.runs(), runs);
    assert!(dpkg.record("pending.json").is_some());
    dpkg.options = vec!["--retry"];
    dpkg.script("1.1.0", "activate").expect(4);
    dpkg.world.stands_at("1.0.0", 1);
}

#[test]
fn a_removed_package_leaves_nothing_that_waits() {
    let mut dpkg = Dpkg::installed(&[OLD, BROKEN]);
    dpkg.world.configure("[package]\non_failure = \"defer\"\n");
    dpkg.install("1.1.0").unwrap();
    dpkg.remove();
    assert!(dpkg.record("pending.json").is_none());
}

#[test]
fn a_failed_first_installation_leaves_nothing_behind_but_what_it_says() {
    let mut dpkg = Dpkg::with(&[OLD.mode("never-healthy\ndies-after 1")]);
    let answer = failed(dpkg.install("1.0.0"), "[1.0.0] postinst configure ", 4);
    assert!(answer.stderr.contains("does not become healthy"), "{answer:#?}");
    assert_eq!((dpkg.world.current(), dpkg.world.database().exists()), (None, false));
}
