//! What dpkg does in the ordinary course of things, and what it leaves.

use super::dpkg::{Dpkg, failed};
use crate::world::{NEW, OLD, Release};

const LAST: Release = Release::new("1.2.0", 3, &[3]).extra("barrier = true");
const LATER: Release = Release::new("1.3.0", 4, &[4]);

#[test]
fn an_upgrade_by_packages_is_that_of_the_command() {
    let mut dpkg = Dpkg::usual();
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.1.0", 2);
    let calls = [
        "[1.0.0] prerm upgrade 1.1.0",
        "[1.1.0] preinst upgrade 1.0.0 1.1.0",
        "[1.0.0] postrm upgrade 1.1.0",
        "[1.1.0] postinst configure 1.0.0",
    ];
    assert_eq!(dpkg.calls, calls);
    assert_eq!(dpkg.record("package.json").unwrap()["release"], "1.1.0");
    assert_eq!(dpkg.world.run(&["history", "--json"]).expect(0).json()["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_network_is_not_needed_and_neither_sequence_nor_expiry_binds_a_package() {
    let mut dpkg = Dpkg::usual();
    // An older manifest, which has expired: dpkg is the authority on what is newer.
    dpkg.world.publish();
    dpkg.world.run(&["status"]).expect(0);
    let seen = dpkg.record("trust.json").unwrap();
    dpkg.world.publish_with("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z");
    let text = std::fs::read_to_string(dpkg.world.path("releases/notes.toml")).unwrap();
    dpkg.world.publish_text(&text.replace("sequence = 3", "sequence = 1"));
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.1.0", 2);
    assert_eq!(dpkg.record("trust.json").unwrap(), seen, "what was seen is not forgotten");
}

#[test]
fn a_payload_that_was_altered_is_refused_and_so_is_one_of_a_foreign_key() {
    let mut dpkg = Dpkg::usual();
    let text = std::fs::read_to_string(dpkg.world.path("releases/notes.toml")).unwrap();
    let unsigned = text.replace("format = 1", "format =  1");
    std::fs::write(dpkg.world.path("releases/notes.toml"), unsigned).unwrap();
    let answer = failed(dpkg.install("1.1.0"), "[1.1.0] preinst upgrade 1.0.0 1.1.0", 3);
    assert!(answer.stderr.contains("cannot be trusted"), "{answer:#?}");
    assert!(!dpkg.half);
    std::fs::write(dpkg.world.path("releases/notes.toml"), text).unwrap();
    dpkg.unpack("1.1.0");
    let file = dpkg.world.path("root/payload/notes.bundle");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(3).position(|window| window == b"\x1f\x8b\x08").unwrap();
    bytes[at + 2] = 0;
    std::fs::write(&file, bytes).unwrap();
    dpkg.script("1.1.0", "postinst configure 1.0.0").expect(1);
    dpkg.world.stands_at("1.0.0", 1);
}

#[test]
fn what_is_refused_before_it_is_unpacked_leaves_everything_as_it_is() {
    let mut dpkg = Dpkg::installed(&[OLD, NEW, LAST, LATER]);
    let runs = dpkg.runs();
    let answer = failed(dpkg.install("1.3.0"), "[1.3.0] preinst upgrade 1.0.0 1.3.0", 3);
    assert!(answer.stderr.contains("leads through 1.2.0, which this package does not bring"), "{answer:#?}");
    assert!(answer.stderr.contains("apt install notes=1.2.0"), "{answer:#?}");
    assert_eq!((dpkg.unpacked.as_deref(), dpkg.half, dpkg.runs()), (Some("1.0.0"), false, runs));
    dpkg.world.stands_at("1.0.0", 1);
    let expected = [
        "[1.0.0] prerm upgrade 1.3.0",
        "[1.3.0] preinst upgrade 1.0.0 1.3.0",
        "[1.3.0] postrm abort-upgrade 1.0.0 1.3.0",
        "[1.0.0] postinst abort-upgrade 1.3.0",
    ];
    assert_eq!(dpkg.calls, expected);
    // As the remedy says.
    dpkg.install("1.2.0").unwrap();
    dpkg.install("1.3.0").unwrap();
    dpkg.world.stands_at("1.3.0", 4);
}

#[test]
fn a_package_that_carries_the_stops_goes_the_whole_way_at_once() {
    let mut dpkg = Dpkg::installed(&[OLD, NEW, LAST, LATER]);
    dpkg.options = vec!["--carries", "1.2.0"];
    dpkg.script("1.3.0", "preinst upgrade 1.0.0 1.3.0").expect(0);
    dpkg.unpack("1.3.0");
    let file = dpkg.world.path("root/payload/notes.bundle");
    std::fs::remove_file(&file).unwrap();
    let manifest = dpkg.world.path("releases/notes.toml");
    let words = ["manifest", "bundle", "--from", "1.0.0", "--to", "1.3.0", "--manifest"];
    let words: Vec<_> = words.into_iter().chain([manifest.to_str().unwrap(), file.to_str().unwrap()]).collect();
    dpkg.world.run(&words).expect(0);
    dpkg.script("1.3.0", "postinst configure 1.0.0").expect(0);
    dpkg.world.stands_at("1.3.0", 4);
}

#[test]
fn a_downgrade_that_loses_nothing_is_made_before_the_newer_package_goes() {
    let mut dpkg = Dpkg::usual();
    dpkg.install("1.1.0").unwrap();
    dpkg.calls.clear();
    dpkg.install("1.0.0").unwrap();
    // 1.0.0 reads the schema of 1.1.0: the program alone goes back.
    dpkg.world.stands_at("1.0.0", 2);
    let calls = [
        "[1.1.0] prerm upgrade 1.0.0",
        "[1.0.0] preinst upgrade 1.1.0 1.0.0",
        "[1.1.0] postrm upgrade 1.0.0",
        "[1.0.0] postinst configure 1.1.0",
    ];
    assert_eq!(dpkg.calls, calls);
    assert_eq!(dpkg.record("package.json").unwrap()["release"], "1.0.0");
    // And up again, though it was gone back from: that is what was asked for.
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.1.0", 2);
}

#[test]
fn a_downgrade_that_loses_rows_is_refused_and_names_the_command_that_does_it() {
    const ALONE: Release = Release::new("1.0.0", 1, &[1]);
    let mut dpkg = Dpkg::installed(&[ALONE, NEW]);
    dpkg.install("1.1.0").unwrap();
    dpkg.world.execute("UPDATE notes SET mood = 'fine'");
    dpkg.calls.clear();
    let answer = failed(dpkg.install("1.0.0"), "[1.1.0] prerm upgrade 1.0.0", 3);
    assert!(
        dpkg.world.plain(&answer.stderr).contains("gantry-installer rollback --to 1.0.0 --strategy"),
        "{answer:#?}"
    );
    let calls = [
        "[1.1.0] prerm upgrade 1.0.0",
        "[1.0.0] prerm failed-upgrade 1.1.0 1.0.0",
        "[1.1.0] postinst abort-upgrade 1.0.0",
    ];
    assert_eq!(dpkg.calls, calls);
    dpkg.world.stands_at("1.1.0", 2);
    // The operator agrees to the loss, and apt goes on from there.
    dpkg.world.run(&["rollback", "--to", "1.0.0", "--strategy", "restore", "--yes"]).expect(0);
    dpkg.install("1.0.0").unwrap();
    dpkg.world.stands_at("1.0.0", 1);
}

#[test]
fn a_reinstallation_and_a_reconfiguration_change_nothing() {
    let mut dpkg = Dpkg::usual();
    let before = (dpkg.runs(), std::fs::read_to_string(dpkg.world.path("notes.pid")).unwrap());
    dpkg.install("1.0.0").unwrap();
    for call in ["prerm upgrade 1.0.0", "preinst upgrade 1.0.0", "postinst configure 1.0.0"] {
        dpkg.script("1.0.0", call).expect(0);
    }
    assert_eq!((dpkg.runs(), std::fs::read_to_string(dpkg.world.path("notes.pid")).unwrap()), before);
    dpkg.world.stands_at("1.0.0", 1);
}

#[test]
fn a_removal_stops_the_service_and_an_installation_after_it_adopts_the_data() {
    let mut dpkg = Dpkg::usual();
    dpkg.remove();
    assert_eq!(dpkg.world.answers(), None);
    assert_eq!(dpkg.world.query::<i64>("SELECT count(*) FROM notes"), 3);
    assert!(dpkg.record("package.json").is_none());
    dpkg.install("1.0.0").unwrap();
    dpkg.world.stands_at("1.0.0", 1);
    assert_eq!(dpkg.calls.last().unwrap(), "[1.0.0] postinst configure 1.0.0");
}

#[test]
fn a_removal_that_is_broken_off_starts_the_service_again() {
    let mut dpkg = Dpkg::usual();
    dpkg.script("1.0.0", "prerm remove").expect(0);
    assert_eq!(dpkg.world.answers(), None);
    dpkg.script("1.0.0", "postinst abort-remove").expect(0);
    dpkg.world.stands_at("1.0.0", 1);
    assert_eq!(dpkg.record("package.json").unwrap()["release"], "1.0.0");
}

#[test]
fn scripts_before_the_first_and_after_the_last_configuration_file_have_nothing_to_say() {
    let mut dpkg = Dpkg::with(&[OLD]);
    std::fs::remove_file(dpkg.world.path("installer.toml")).unwrap();
    for call in ["preinst install", "prerm remove", "postinst abort-remove", "prerm upgrade 0.9.0", "postrm purge"] {
        dpkg.script("1.0.0", call).expect(0);
    }
    dpkg.script("1.0.0", "prerm failed-upgrade 1.1.0 1.0.0").expect(3);
    dpkg.script("1.0.0", "postinst configure").expect(3);
}

#[test]
fn what_a_package_brought_is_upgraded_by_the_package_manager_and_gone_back_from_by_hand() {
    let mut dpkg = Dpkg::usual();
    for words in [&["upgrade", "--to", "1.1.0", "--yes", "--json"][..], &["install", "--yes", "--json"][..]] {
        let answer = dpkg.world.run(words).expect(3).json();
        assert_eq!(answer["refusals"][0]["code"], "package", "{answer:#}");
    }
    let answer = dpkg.world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(3);
    assert!(answer.stderr.contains("apt install notes=1.1.0"), "{answer:#?}");
    dpkg.world.run(&["upgrade", "--to", "1.1.0", "--dry-run"]).expect(0);
    dpkg.install("1.1.0").unwrap();
    dpkg.world.run(&["rollback", "--yes"]).expect(0);
    dpkg.world.stands_at("1.0.0", 2);
    // Whatever apt is asked now, the operator's word stands.
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.0.0", 2);
    dpkg.options = vec!["--retry"];
    dpkg.script("1.1.0", "activate").expect(0);
    dpkg.world.stands_at("1.1.0", 2);
}

#[test]
fn data_of_an_older_release_is_not_adopted_and_the_advice_is_for_apt() {
    const ALONE: Release = Release::new("1.1.0", 2, &[2]);
    let mut dpkg = Dpkg::installed(&[OLD, ALONE]);
    dpkg.remove();
    let answer = failed(dpkg.install("1.1.0"), "[1.1.0] postinst configure 1.0.0", 3);
    assert!(answer.stderr.contains("apt install notes=VERSION"), "{answer:#?}");
    assert_eq!(dpkg.world.current(), None);
    // As it says.
    dpkg.install("1.0.0").unwrap();
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.1.0", 2);
}

#[test]
fn a_package_waits_for_the_end_of_a_probation() {
    let mut dpkg = Dpkg::installed(&[OLD, NEW, LAST]);
    let file = dpkg.world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[health]\n", "[health]\nprobation = \"1h\"\n")).unwrap();
    dpkg.install("1.1.0").unwrap();
    let answer = failed(dpkg.install("1.2.0"), "[1.2.0] preinst upgrade 1.1.0 1.2.0", 3);
    assert!(dpkg.world.plain(&answer.stderr).contains("gantry-installer confirm"), "{answer:#?}");
    dpkg.world.run(&["confirm"]).expect(0);
    dpkg.install("1.2.0").unwrap();
    dpkg.world.stands_at("1.2.0", 3);
}

// An exit of 2 would be taken for that of an installer too old to ask, and the package would come.
#[test]
fn a_major_that_is_no_number_is_refused_and_an_empty_one_is_none() {
    let mut dpkg = Dpkg::usual();
    dpkg.environment = vec![("GANTRY_INSTALLER_MAJOR", "two".to_owned())];
    let answer = failed(dpkg.install("1.1.0"), "[1.1.0] preinst upgrade 1.0.0 1.1.0", 3);
    assert!(answer.stderr.contains("`GANTRY_INSTALLER_MAJOR` is `two`"), "{answer:#?}");
    dpkg.environment = vec![("GANTRY_INSTALLER_MAJOR", String::new())];
    dpkg.install("1.1.0").unwrap();
    dpkg.world.stands_at("1.1.0", 2);
}
