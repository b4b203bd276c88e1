//! Recoveries that cannot come to an end, and what is no run at all.

use std::path::PathBuf;

use gantry_installer::journal::Event;

use super::frozen::{below, quick};
use super::interrupted::Run;
use super::operations::{at_old, upgrade};
use super::recovery::{Written, first, has};
use super::sweep::{fired, killed};
use crate::world::{NEW, OLD, World};

/// A world whose upgrade was killed when its service was down.
fn broken() -> World {
    let world = at_old(NEW);
    let point = {
        let frozen = super::frozen::Frozen::of(&world);
        let point = first(&upgrade(), &frozen, |run| has(run, Written::Done, "exchange"));
        assert!(upgrade().killed_at(point, frozen.thaw()).is_some());
        point
    };
    assert!(point > 0 && world.answers().is_none());
    world
}

/// The last that was done before a power cut may come undone, and nobody waits until a removal is durable.
#[test]
fn a_recovery_removes_what_a_power_cut_brought_back() {
    let world = broken();
    std::fs::create_dir(world.path("state/private")).unwrap();
    std::fs::write(world.path("state/private/file"), "").unwrap();
    let scratch = world.path("data/.gantry-installer-notes/scratch-link-to");
    std::fs::write(&scratch, "").unwrap();
    world.run(&["recover"]).expect(0);
    assert!(!world.path("state/private").exists() && !scratch.exists());
    std::fs::create_dir(world.path("state/private")).unwrap();
    world.run(&["recover"]).expect(0);
    assert!(!world.path("state/private").exists(), "also where there was no run to recover");
}

#[test]
fn after_three_recoveries_that_did_not_end_a_person_is_asked_and_nothing_more_is_tried() {
    let world = broken();
    // Each dies right after it wrote down that it begins.
    for tries in 1..=3 {
        let mut number = 0;
        while begun(&world) < tries {
            number += 1;
            assert!(fired(&killed(&["recover"], number, &world), number).is_some());
        }
    }
    let before = everything(&world);
    for _ in 0..2 {
        let answer = world.run(&["recover", "--json"]).expect(5).json();
        assert_eq!(answer["outcome"], "stranded");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("-upgrade-1.1.0 could not be recovered in 3 tries"), "{message}");
        assert_ne!(answer["error"]["remedy"], "");
    }
    assert_eq!(everything(&world), before);
    world.run(&["gate", "--", "true"]).expect(78);
    assert!(world.run(&["status", "--json"]).expect(0).json()["unfinished"].is_string());
    world.run(&["upgrade", "--yes"]).expect(6);
}

#[test]
fn a_journal_that_is_damaged_before_its_end_is_not_acted_upon() {
    let world = broken();
    let directory = std::fs::read_dir(world.path("state/runs")).unwrap().map(|run| run.unwrap().path()).max().unwrap();
    let journal = directory.join("journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("intend", "intent", 1)).unwrap();
    let before = everything(&world);
    for command in [&["recover", "--json"][..], &["upgrade", "--yes", "--json"]] {
        let refusals = world.run(command).expect(3).json()["refusals"].clone();
        let message = refusals[0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("damaged in line 1"), "{message}");
    }
    // As the refusal advises.
    world.run(&["history"]).expect(0);
    assert_eq!(everything(&world), before);
    world.run(&["gate", "--", "true"]).expect(78);
}

#[test]
fn a_run_whose_plan_was_never_saved_is_none() {
    let world = World::within(quick(), &[OLD, NEW]);
    world.install("1.0.0");
    let directory = world.path("state/runs/000002-upgrade-1.1.0");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join(".plan.json.new"), "{").unwrap();
    assert!(world.run(&["status", "--json"]).expect(0).json()["unfinished"].is_null());
    world.run(&["history"]).expect(0);
    assert_eq!(world.run(&["recover", "--json"]).expect(0).json()["outcome"], "nothing");
    assert!(!directory.exists());
    std::fs::create_dir(&directory).unwrap();
    world.run(&["upgrade", "--yes"]).expect(0);
    assert!(Run::last(&world).is_some());
    world.stands_at("1.1.0", 2);
}

/// How many recoveries of the last run are known to have begun.
fn begun(world: &World) -> usize {
    Run::last(world).unwrap().events.iter().filter(|event| **event == Event::Recover).count()
}

/// Every file that a recovery could touch, with its content; whoever holds the lock writes its name there.
fn everything(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let parts = ["root", "state", "data", "backups"].into_iter();
    let files =
        parts.flat_map(|part| below(&world.path(part)).into_iter().map(move |path| PathBuf::from(part).join(path)));
    files
        .filter(|path| !path.ends_with("state/lock"))
        .map(|path| (path.clone(), std::fs::read(world.path("").join(&path)).unwrap_or_default()))
        .collect()
}
