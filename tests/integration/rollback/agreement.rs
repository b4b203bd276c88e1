//! What agrees to which loss.

use super::{ONLY, refusal, stands, upgraded};
use crate::world::OLD;

#[test]
fn yes_alone_agrees_to_no_loss() {
    let world = upgraded(ONLY);
    let answer = world.run(&["rollback", "--yes", "--json"]);
    let json = answer.json();
    let (code, message) = refusal(answer);
    assert_eq!(code, "loss");
    assert!(message.contains("1.0.0") && message.contains("`--yes` agrees to no loss"), "{message}");
    assert!(json["refusals"][0]["remedy"].as_str().unwrap().contains("--strategy down"), "{json:#}");
    assert_eq!(json["strategies"][0]["name"], "down", "the numbers come along: {json:#}");
    stands(&world, "1.1.0", 2, 4);
}

#[test]
fn yes_with_a_backup_agrees_to_no_loss_either() {
    let world = upgraded(ONLY);
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    let id = listed["backups"][0]["id"].as_str().unwrap();
    let (code, message) = refusal(world.run(&["rollback", "--backup", id, "--yes", "--json"]));
    assert_eq!(code, "loss");
    assert!(message.contains(id), "{message}");
    stands(&world, "1.1.0", 2, 4);
    world.run(&["rollback", "--backup", id, "--strategy", "restore", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_backup_for_a_strategy_that_restores_none_is_a_contradiction() {
    let world = upgraded(OLD);
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    let id = listed["backups"][0]["id"].as_str().unwrap();
    for strategy in ["binary", "down"] {
        let arguments = ["rollback", "--strategy", strategy, "--backup", id, "--yes", "--json"];
        let answer = world.run(&arguments).expect(2).json();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("`--backup`") && message.contains(strategy), "{message}");
    }
    stands(&world, "1.1.0", 2, 4);
}

#[test]
fn a_dry_run_answers_for_the_strategy_that_was_asked_for() {
    let world = upgraded(OLD);
    let would = |more: &[&str]| {
        let answer = world.run(&[&["rollback", "--dry-run", "--json"], more].concat()).expect(0).json();
        (answer["strategy"].clone(), answer["to"]["schema"].clone())
    };
    assert_eq!(would(&[]), ("binary".into(), 2.into()));
    assert_eq!(would(&["--strategy", "down"]), ("down".into(), 1.into()));
    assert_eq!(would(&["--strategy", "restore"]), ("restore".into(), 1.into()));
    // One that is not possible leads nowhere, and the answer is for no other one.
    let world = upgraded(ONLY);
    let answer = world.run(&["rollback", "--dry-run", "--strategy", "binary", "--json"]).expect(0).json();
    assert_eq!((&answer["strategy"], &answer["to"]), (&"binary".into(), &serde_json::Value::Null));
}

#[test]
fn yes_alone_is_enough_where_nothing_is_lost() {
    let world = upgraded(OLD);
    world.run(&["rollback", "--yes"]).expect(0);
    stands(&world, "1.0.0", 2, 4);
}

#[test]
fn a_dry_run_agrees_to_nothing_and_changes_nothing() {
    let world = upgraded(ONLY);
    world.run(&["rollback", "--dry-run", "--strategy", "restore", "--yes"]).expect(0);
    stands(&world, "1.1.0", 2, 4);
    assert_eq!(world.run(&["status", "--json"]).json()["unfinished"], serde_json::Value::Null);
}

// A table that nobody was shown loses its only value between the look and the stop.
#[test]
fn a_loss_by_down_migrations_that_was_not_shown_undoes_the_run() {
    const LAST: &str = "writes-at-stop UPDATE notes SET mood = 'late' WHERE text = 'one'";
    let world = crate::world::World::installed(&[ONLY, crate::world::NEW.mode(LAST)]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let answer = world.run(&["rollback", "--strategy", "down", "--yes", "--json"]).expect(4).json();
    assert!(answer["error"]["message"].as_str().unwrap().contains("`notes.mood`"), "{answer:#}");
    assert!(
        world.plain(answer["error"]["remedy"].as_str().unwrap()).contains("gantry-installer rollback"),
        "{answer:#}"
    );
    world.stands_at("1.1.0", 2);
}
