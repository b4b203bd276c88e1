//! A row for each thing that dpkg was seen to do, in the order of its calls.

use super::*;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// What a machine is like before a call: what is installed, and what the package was configured with.
#[derive(Clone, Copy, Default)]
struct Machine {
    installed: Option<&'static str>,
    configured: Option<&'static str>,
    held: Option<Cause>,
    retry: bool,
    major: Option<u64>,
    denied: Option<&'static str>,
    interrupted: Option<&'static str>,
}

const NOTHING: Machine = Machine {
    installed: None,
    configured: None,
    held: None,
    retry: false,
    major: None,
    denied: None,
    interrupted: None,
};

const fn at(installed: &'static str, configured: &'static str) -> Machine {
    Machine { installed: Some(installed), configured: Some(configured), ..NOTHING }
}

/// What the script of the package that brings `release` does about a line of dpkg's.
fn deed(release: &str, call: &str, machine: Machine) -> Deed {
    let mut words = call.split_whitespace().map(str::to_owned);
    let script = match words.next().as_deref() {
        Some("preinst") => Script::Preinst,
        Some("prerm") => Script::Prerm,
        Some("postinst") => Script::Postinst,
        Some("postrm") => Script::Postrm,
        _ => Script::Activate,
    };
    let release = version(release);
    let (installed, configured) = (machine.installed.map(version), machine.configured.map(version));
    let held = machine.held.map(|cause| Held {
        version: release.clone(),
        sha256: None,
        cause,
        reason: "health: it does not become healthy".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        run: "000002-upgrade".to_owned(),
    });
    let stand = Stand {
        package: "gantry",
        release: &release,
        installed: installed.as_ref(),
        configured: configured.as_ref(),
        held: held.as_ref(),
        retry: machine.retry,
        major: machine.major,
        denied: machine.denied,
        interrupted: machine.interrupted,
    };
    decide(&asked(script, &words.collect::<Vec<_>>()).unwrap(), &stand)
}

fn refusal(deed: Deed) -> (String, String) {
    let Deed::Refuse(refusal) = deed else { panic!("{deed:?}") };
    (refusal.code, refusal.remedy)
}

#[test]
fn situation_1_an_upgrade_is_checked_before_and_made_after_the_files_are_there() {
    let machine = at("1.0.0", "1.0.0");
    assert_eq!(deed("1.0.0", "prerm upgrade 1.1.0", machine), Deed::Nothing);
    assert_eq!(deed("1.1.0", "preinst upgrade 1.0.0 1.1.0", machine), Deed::Check);
    assert_eq!(deed("1.0.0", "postrm upgrade 1.1.0", machine), Deed::Nothing);
    assert_eq!(deed("1.1.0", "postinst configure 1.0.0", machine), Deed::Upgrade);
}

#[test]
fn situation_2_after_a_refusal_of_the_newer_preinst_nothing_is_to_be_done() {
    let machine = at("1.1.0", "1.1.0");
    assert_eq!(deed("3.0.0", "postrm abort-upgrade 1.1.0 3.0.0", machine), Deed::Nothing);
    assert_eq!(deed("1.1.0", "postinst abort-upgrade 3.0.0", machine), Deed::Recover);
}

#[test]
fn another_major_is_refused_before_and_after_unpacking_until_it_is_asked_for() {
    let machine = at("1.7.0", "1.7.0");
    for call in ["preinst upgrade 1.7.0 2.0.0", "postinst configure 1.7.0", "activate"] {
        let (code, remedy) = refusal(deed("2.0.0", call, machine));
        assert_eq!(code, "other-major");
        assert!(remedy.contains("`GANTRY_INSTALLER_MAJOR=2 apt install gantry=2.0.0`"), "{remedy}");
        // Asked for another one is not asked for this one.
        assert_eq!(refusal(deed("2.0.0", call, Machine { major: Some(3), ..machine })).0, "other-major");
    }
    let asked = Machine { major: Some(2), ..machine };
    assert_eq!(deed("2.0.0", "preinst upgrade 1.7.0 2.0.0", asked), Deed::Check);
    assert_eq!(deed("2.0.0", "postinst configure 1.7.0", asked), Deed::Upgrade);
    let denied = Machine { denied: Some("there is no systemd"), ..asked };
    assert!(matches!(deed("2.0.0", "postinst configure 1.7.0", denied), Deed::PutOff(_)));
    // Where nothing is installed there is nothing to make anew.
    assert_eq!(deed("2.0.0", "postinst configure", NOTHING), Deed::Install);
}

// FM-52: whatever apt does later configures the package again.
#[test]
fn situation_3_a_release_that_failed_is_refused_at_once_until_it_is_asked_for() {
    let machine = Machine { held: Some(Cause::Failed), ..at("1.1.0", "1.1.0") };
    let (code, remedy) = refusal(deed("1.2.0", "postinst configure 1.1.0", machine));
    assert_eq!(code, "held");
    assert!(remedy.contains("GANTRY_INSTALLER_RETRY=1 dpkg --configure gantry"), "{remedy}");
    assert!(remedy.contains("apt install gantry=1.1.0"), "{remedy}");
    let asked = Machine { retry: true, ..machine };
    assert_eq!(deed("1.2.0", "postinst configure 1.1.0", asked), Deed::Upgrade);
    // Unpacking it again would fail again: this is refused while nothing is half-way.
    let (code, remedy) = refusal(deed("1.2.0", "preinst upgrade 1.1.0 1.2.0", machine));
    assert_eq!(code, "held");
    assert!(remedy.contains("`GANTRY_INSTALLER_RETRY=1 apt install gantry=1.2.0`"), "{remedy}");
    // Put off, or crashed on probation: for dpkg it is installed, and there is nothing to configure.
    let installed = Machine { held: Some(Cause::Failed), ..at("1.1.0", "1.2.0") };
    let (_, remedy) = refusal(deed("1.2.0", "activate", installed));
    assert!(remedy.contains("`gantry-installer hook --package gantry --release 1.2.0 --retry activate`"), "{remedy}");
}

#[test]
fn situation_4_an_older_package_does_not_overrule_the_newer_one() {
    let machine = at("1.2.0", "1.2.0");
    assert_eq!(refusal(deed("1.1.0", "prerm failed-upgrade 1.2.0 1.1.0", machine)).0, "failed-upgrade");
    assert_eq!(deed("1.2.0", "postinst abort-upgrade 1.1.0", machine), Deed::Recover);
    // One that was built by others did overrule it: then its files do not come in, or at least nothing is done with them.
    let (code, remedy) = refusal(deed("1.1.0", "preinst upgrade 1.2.0 1.1.0", machine));
    assert_eq!(code, "below");
    assert!(remedy.contains("rollback --to 1.1.0"), "{remedy}");
    assert_eq!(refusal(deed("1.1.0", "postinst configure 1.2.0", machine)).0, "below");
}

#[test]
fn situation_5_a_downgrade_is_made_by_the_newer_package_before_it_goes() {
    assert_eq!(deed("1.2.0", "prerm upgrade 1.1.0", at("1.2.0", "1.2.0")), Deed::GoBack(version("1.1.0")));
    let back = at("1.1.0", "1.2.0");
    assert_eq!(deed("1.1.0", "preinst upgrade 1.2.0 1.1.0", back), Deed::Nothing);
    assert_eq!(deed("1.2.0", "postrm upgrade 1.1.0", back), Deed::Nothing);
    assert_eq!(deed("1.1.0", "postinst configure 1.2.0", back), Deed::Nothing);
    // And up again: gone back from, but the package was configured with another release since.
    let again = Machine { held: Some(Cause::RolledBack), ..at("1.1.0", "1.1.0") };
    assert_eq!(deed("1.2.0", "preinst upgrade 1.1.0 1.2.0", again), Deed::Check);
    assert_eq!(deed("1.2.0", "postinst configure 1.1.0", again), Deed::Upgrade);
}

// What is written since the rollback of a failed upgrade would be lost if it were taken back once more.
#[test]
fn situation_7_from_half_configured_back_nothing_is_gone_back_from_a_second_time() {
    let machine = at("1.1.0", "1.1.0");
    assert_eq!(deed("1.2.0", "prerm upgrade 1.1.0", machine), Deed::Nothing);
    assert_eq!(deed("1.1.0", "preinst upgrade 1.2.0 1.1.0", machine), Deed::Nothing);
    assert_eq!(deed("1.1.0", "postinst configure 1.1.0", machine), Deed::Nothing);
    // And where the machine stands below what comes, it goes up.
    let lower = at("1.0.0", "1.0.0");
    assert_eq!(deed("1.2.0", "prerm upgrade 1.1.0", lower), Deed::Nothing);
    assert_eq!(deed("1.1.0", "postinst configure 1.0.0", lower), Deed::Upgrade);
}

#[test]
fn situation_8_a_reinstallation_changes_nothing() {
    let machine = at("1.2.0", "1.2.0");
    for call in ["prerm upgrade 1.2.0", "preinst upgrade 1.2.0 1.2.0", "postinst configure 1.2.0"] {
        assert_eq!(deed("1.2.0", call, machine), Deed::Nothing, "{call}");
    }
}

#[test]
fn situation_9_where_the_service_may_not_be_touched_the_activation_waits() {
    let denied = Machine { denied: Some("policy-rc.d forbids it"), ..at("1.1.0", "1.1.0") };
    assert_eq!(deed("1.2.0", "preinst upgrade 1.1.0 1.2.0", denied), Deed::Nothing);
    assert_eq!(deed("1.2.0", "postinst configure 1.1.0", denied), Deed::PutOff("policy-rc.d forbids it".to_owned()));
    assert_eq!(deed("1.2.0", "prerm remove", denied), Deed::Nothing);
    assert_eq!(refusal(deed("1.1.0", "prerm upgrade 1.0.0", denied)).0, "no-service-control");
    let fresh = Machine { denied: Some("no systemd"), ..NOTHING };
    assert_eq!(deed("1.2.0", "postinst configure", fresh), Deed::PutOff("no systemd".to_owned()));
    assert_eq!(deed("1.2.0", "activate", at("1.1.0", "1.1.0")), Deed::Upgrade);
}

#[test]
fn situation_9b_a_reconfiguration_changes_nothing() {
    let machine = at("1.2.0", "1.2.0");
    for call in ["prerm upgrade 1.2.0", "preinst upgrade 1.2.0", "postinst configure 1.2.0"] {
        assert_eq!(deed("1.2.0", call, machine), Deed::Nothing, "{call}");
    }
}

// The releases go with the package, and only with them can the run be ended.
#[test]
fn a_removal_is_refused_where_a_run_was_interrupted_and_cannot_be_ended() {
    let interrupted = Machine { interrupted: Some("000002-upgrade-1.2.0"), ..at("1.1.0", "1.1.0") };
    assert_eq!(deed("1.2.0", "prerm remove", interrupted), Deed::Stop, "it is ended first");
    let denied = Machine { denied: Some("policy-rc.d forbids it"), ..interrupted };
    let (code, remedy) = refusal(deed("1.2.0", "prerm remove", denied));
    assert_eq!(code, "unfinished");
    assert!(remedy.contains("`gantry-installer recover --no-start`"), "{remedy}");
    // dpkg takes the removal back, which must not fail as well.
    assert_eq!(deed("1.2.0", "postinst abort-remove", denied), Deed::Nothing);
}

#[test]
fn situations_10_and_12_a_removal_stops_the_service() {
    let machine = at("1.2.0", "1.2.0");
    assert_eq!(deed("1.2.0", "prerm remove", machine), Deed::Stop);
    assert_eq!(deed("1.2.0", "prerm remove in-favour other 1.0", machine), Deed::Stop);
    assert_eq!(deed("1.2.0", "postrm remove", NOTHING), Deed::Nothing);
    assert_eq!(deed("1.2.0", "postrm purge", NOTHING), Deed::Nothing);
    assert_eq!(deed("1.2.0", "postinst abort-remove", machine), Deed::RecoverAndStart);
}

#[test]
fn situation_11_an_installation_after_a_removal_is_a_first_one_whatever_dpkg_remembers() {
    assert_eq!(deed("1.2.0", "preinst install 1.2.0 1.2.0", NOTHING), Deed::Nothing);
    assert_eq!(deed("1.2.0", "postinst configure 1.2.0", NOTHING), Deed::Install);
    assert_eq!(deed("1.2.0", "postinst configure", NOTHING), Deed::Install);
}

#[test]
fn situation_13_an_unattended_upgrade_of_something_else_does_not_try_again() {
    let machine = Machine { held: Some(Cause::Failed), ..at("1.1.0", "1.1.0") };
    assert_eq!(refusal(deed("1.2.0", "postinst configure 1.1.0", machine)).0, "held");
}

#[test]
fn situation_14_a_configuration_that_was_killed_is_made_again_by_what_is_there() {
    for last in ["configure 1.2.0", "configure 1.1.0", "configure"] {
        let call = format!("postinst {last}");
        assert_eq!(deed("1.2.0", &call, at("1.1.0", "1.1.0")), Deed::Upgrade, "{call}");
        assert_eq!(deed("1.2.0", &call, at("1.2.0", "1.1.0")), Deed::Nothing, "{call}");
    }
}

#[test]
fn what_was_gone_back_from_by_hand_stays_so_until_another_version_comes() {
    let machine = Machine { held: Some(Cause::RolledBack), ..at("1.1.0", "1.2.0") };
    let Deed::Say(words) = deed("1.2.0", "postinst configure 1.2.0", machine) else { panic!() };
    assert!(words.contains("--retry activate"), "{words}");
    assert_eq!(deed("1.2.0", "activate", Machine { retry: true, ..machine }), Deed::Upgrade);
    for call in ["prerm upgrade 1.2.0", "preinst upgrade 1.2.0", "preinst upgrade 1.2.0 1.2.0"] {
        assert_eq!(deed("1.2.0", call, machine), Deed::Nothing, "{call}");
    }
    // The hold is of another release than the next one.
    assert_eq!(deed("1.3.0", "postinst configure 1.2.0", at("1.1.0", "1.2.0")), Deed::Upgrade);
}

#[test]
fn whatever_else_dpkg_may_ask_is_answered_with_nothing() {
    let machine = at("1.2.0", "1.2.0");
    let calls = [
        "prerm deconfigure in-favour other 1.0",
        "postinst triggered some",
        "preinst abort-upgrade 1.3.0",
        "postrm failed-upgrade 1.0 2.0",
        "postrm abort-install",
        "postrm disappear other 1.0",
        "postinst of-the-future",
        "prerm",
        "preinst",
        "prerm upgrade",
    ];
    for call in calls {
        assert_eq!(deed("1.2.0", call, machine), Deed::Nothing, "{call}");
    }
    assert_eq!(deed("1.2.0", "postinst abort-deconfigure in-favour other 1.0", machine), Deed::Recover);
}

#[test]
fn a_version_of_a_package_is_that_of_its_release() {
    for (package, release) in [
        ("1.5.0", "1.5.0"),
        ("1.5.0-1", "1.5.0"),
        ("2:1.5.0-1~bpo12+1", "1.5.0"),
        ("1.2.0~rc.1", "1.2.0-rc.1"),
        ("1.2.0~rc.1-1", "1.2.0-rc.1"),
        ("1.5.0+deb12u1", "1.5.0"),
    ] {
        assert_eq!(release_of(package).unwrap(), version(release), "{package}");
    }
    assert_eq!(version_of(&version("1.2.0-rc.1")), "1.2.0~rc.1");
    assert!(asked(Script::Prerm, &["upgrade".to_owned(), "unknown".to_owned()]).is_err());
}
