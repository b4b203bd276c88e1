//! Upgrades on probation: what becomes of a release that was healthy, and crashes later.

use crate::world::{NEW, OLD, Release, World};

const LAST: Release = Release::new("1.2.0", 3, &[3]).extra("barrier = true");
const LATER: Release = Release::new("1.3.0", 4, &[4]);
/// An older release that cannot read what the newer one writes.
const ALONE: Release = Release::new("1.0.0", 1, &[1]);

/// A machine with `releases`, upgraded by one, whose probation does not end by itself.
fn watched(releases: &[Release], more: &str) -> World {
    let world = World::installed(releases);
    watch(&world, "1h", more);
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    world
}

fn watch(world: &World, length: &str, more: &str) {
    world.configure("");
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[health]\n", &format!("[health]\nprobation = \"{length}\"\n{more}"))).unwrap();
}

#[test]
fn an_upgrade_on_probation_is_shown_with_what_is_left_and_confirmed_by_the_operator() {
    let world = watched(&[OLD, NEW], "");
    let status = world.run(&["status", "--json"]).expect(0).json();
    let shown = &status["probation"];
    assert_eq!((&shown["version"], &shown["from"]), (&"1.1.0".into(), &"1.0.0".into()));
    let left = shown["left_ms"].as_u64().unwrap();
    assert!((1..=3_600_000).contains(&left), "{left}");
    let words = world.plain(&world.run(&["status"]).stdout);
    assert!(
        words.contains("probation  1.1.0 for another 60 min of being up; `gantry-installer confirm` ends it"),
        "{words}"
    );
    let answer = world.run(&["confirm"]).expect(0);
    assert_eq!(answer.stdout, "1.1.0 is confirmed: its probation has ended\n");
    assert_eq!(world.run(&["status", "--json"]).json()["probation"], serde_json::Value::Null);
    assert_eq!(world.run(&["confirm", "--json"]).expect(0).json()["outcome"], "nothing");
}

#[test]
fn without_a_probation_nothing_is_watched() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    assert!(!world.path("state/probation.json").exists());
    world.kill_service();
    assert_eq!(world.run(&["recover", "--crashed", "--json"]).expect(0).json()["outcome"], "nothing");
    assert_eq!(world.current().as_deref(), Some("1.1.0"));
}

#[test]
fn a_crash_on_probation_is_gone_back_from_and_the_release_is_held() {
    let world = watched(&[OLD, NEW], "");
    world.kill_service();
    let answer = world.run(&["recover", "--crashed", "--json"]).expect(0).json();
    assert_eq!((&answer["outcome"], &answer["strategy"]), (&"done".into(), &"binary".into()), "{answer:#}");
    world.stands_at("1.0.0", 2);
    let status = world.run(&["status", "--json"]).json();
    assert_eq!((&status["held"][0]["version"], &status["held"][0]["cause"]), (&"1.1.0".into(), &"failed".into()));
    assert_eq!(status["probation"], serde_json::Value::Null);
    // It is not taken again, neither by itself nor by its name.
    let refused = world.run(&["upgrade", "--to", "1.1.0", "--yes", "--json"]).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "held", "{refused:#}");
    // Once more: nothing is on probation any more.
    world.kill_service();
    assert_eq!(world.run(&["recover", "--crashed", "--json"]).expect(0).json()["outcome"], "nothing");
    assert_eq!(world.current().as_deref(), Some("1.0.0"));
}

#[test]
fn a_crash_is_gone_back_from_by_down_migrations_where_they_lose_nothing() {
    let world = watched(&[ALONE, NEW], "");
    world.kill_service();
    let answer = world.run(&["recover", "--crashed", "--json"]).expect(0).json();
    assert_eq!(answer["strategy"], "down", "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_crash_that_could_only_be_gone_back_from_with_a_loss_is_reported() {
    let world = watched(&[ALONE, NEW], "");
    world.execute("UPDATE notes SET mood = 'fine'");
    world.kill_service();
    let answer = world.run(&["recover", "--crashed", "--json"]).expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "loss", "{answer:#}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.1.0"), 2));
    assert_eq!(world.run(&["status", "--json"]).json()["held"][0]["cause"], "failed");
}

#[test]
fn a_loss_is_taken_into_account_where_the_operator_said_so_before() {
    let world = watched(&[ALONE, NEW], "on_crash = \"restore\"\n");
    world.execute("UPDATE notes SET mood = 'fine'");
    world.kill_service();
    let answer = world.run(&["recover", "--crashed", "--json"]).expect(0).json();
    assert_eq!(answer["strategy"], "restore", "{answer:#}");
    assert_eq!(answer["loss"]["rows"], 3, "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn another_upgrade_waits_until_the_probation_has_ended() {
    let world = watched(&[OLD, NEW, LAST], "");
    let refused = world.run(&["upgrade", "--to", "1.2.0", "--yes", "--json"]).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "probation", "{refused:#}");
    world.run(&["confirm"]).expect(0);
    world.run(&["upgrade", "--to", "1.2.0", "--yes"]).expect(0);
    world.stands_at("1.2.0", 3);
}

#[test]
fn a_probation_ends_by_itself_once_the_service_was_up_for_so_long() {
    let world = World::installed(&[OLD, NEW, LAST]);
    watch(&world, "1ms", "");
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    // A process's start is known to a hundredth of a second.
    while world.run(&["status", "--json"]).json()["probation"] != serde_json::Value::Null {}
    world.kill_service();
    assert_eq!(world.run(&["recover", "--crashed", "--json"]).expect(0).json()["outcome"], "nothing");
    assert_eq!(world.current().as_deref(), Some("1.1.0"));
}

// Nobody looked, so nothing was counted: as on a machine that was booted since, or after a longer time than the probation's.
#[test]
fn a_crash_that_may_be_after_the_probation_is_only_reported() {
    let world = watched(&[ALONE, NEW], "on_crash = \"restore\"\n");
    let file = world.path("state/probation.json");
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    record["life"] = serde_json::Value::Null;
    record["began"]["boot"] = "another".into();
    std::fs::write(&file, serde_json::to_vec(&record).unwrap()).unwrap();
    world.execute("UPDATE notes SET mood = 'fine'");
    world.kill_service();
    let answer = world.run(&["recover", "--crashed"]).expect(0);
    assert!(answer.stdout.contains("1.1.0 was on probation, and whether it still is cannot be told"), "{answer:#?}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.1.0"), 2));
    assert!(world.run(&["status", "--json"]).json()["held"].as_array().unwrap().is_empty());
}

#[test]
fn of_several_hops_only_the_last_is_on_probation() {
    let world = World::installed(&[OLD, NEW, LAST, LATER]);
    watch(&world, "1h", "");
    world.run(&["upgrade", "--to", "1.3", "--yes"]).expect(0);
    let status = world.run(&["status", "--json"]).json();
    assert_eq!((&status["probation"]["version"], &status["probation"]["from"]), (&"1.3.0".into(), &"1.2.0".into()));
}

#[test]
fn a_rollback_by_hand_ends_the_probation() {
    let world = watched(&[OLD, NEW], "");
    world.run(&["rollback", "--yes"]).expect(0);
    assert!(!world.path("state/probation.json").exists());
    world.stands_at("1.0.0", 2);
}

#[test]
fn a_crash_while_the_service_runs_again_changes_nothing() {
    let world = watched(&[OLD, NEW], "");
    assert_eq!(world.run(&["recover", "--crashed", "--json"]).expect(0).json()["outcome"], "nothing");
    world.stands_at("1.1.0", 2);
}

#[test]
fn what_a_probation_may_need_is_not_pruned() {
    let world = World::installed(&[ALONE, NEW]);
    watch(&world, "1h", "");
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[backup]\n", "[backup]\nkeep = 1\n")).unwrap();
    world.run(&["upgrade", "--yes"]).expect(0);
    let before = world.run(&["backup", "list", "--json"]).json()["backups"][0]["id"].clone();
    world.run(&["backup", "create"]).expect(0);
    world.run(&["backup", "create"]).expect(0);
    let listed = world.run(&["backup", "list", "--json"]).json();
    let ids: Vec<_> = listed["backups"].as_array().unwrap().iter().map(|backup| backup["id"].clone()).collect();
    assert!(ids.contains(&before), "{listed:#}");
    assert_eq!(ids.len(), 2, "{listed:#}");
}

// FM-53: at boot, beside whatever else may be under way.
#[test]
fn recovery_as_a_unit_leaves_the_start_to_the_service_manager() {
    let world = World::installed(&[OLD, NEW]);
    let mut command = world.command(&["upgrade", "--yes"]);
    let killed = crate::world::Answer::of(command.env("GANTRY_INSTALLER_DIE_AT", "80").output().unwrap());
    assert_eq!(killed.code, -1, "{killed:#?}");
    world.kill_service();
    world.run(&["recover", "--unit"]).expect(0);
    assert_eq!(world.answers(), None, "its manager starts it after this unit");
    let status = world.run(&["status", "--json"]).json();
    assert_eq!(status["unfinished"], serde_json::Value::Null);
    world.run(&["gate"]).expect(0);
    assert_eq!(world.run(&["recover", "--unit", "--json"]).expect(0).json()["outcome"], "nothing");
}
