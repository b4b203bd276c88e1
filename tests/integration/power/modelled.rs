//! What the model of a file system may lose, and what not.

use std::collections::BTreeSet;
use std::ffi::OsString;

use crate::power::dice::Dice;
use crate::power::model::change::{Change, Kind, Node, Place};
use crate::power::model::choice::Left;
use crate::power::model::disk::Disk;

const ROOT: Node = 0;

fn at(name: &str) -> Place {
    Place { directory: ROOT, name: name.into() }
}

fn made(name: &str, node: Node, bytes: &[u8]) -> Vec<Change> {
    let make = Change::Make { at: at(name), node, kind: Kind::File, mode: 0o600 };
    vec![make, Change::Write { node, offset: 0, bytes: bytes.to_owned() }]
}

fn disk(changes: &[Change]) -> Disk {
    let mut disk = Disk::new(ROOT, 0o700);
    changes.iter().for_each(|change| disk.happen(change));
    disk
}

/// All that may be seen under these names after a power cut.
fn seen(disk: &Disk) -> BTreeSet<Vec<(OsString, Vec<u8>)>> {
    let mut dice = Dice::of(7, 7);
    let some = std::iter::repeat_with(|| Left::some(disk, &mut dice)).take(4000);
    let states: Vec<Left> = some.chain([Left::least(disk), Left::most(disk)]).collect();
    let file =
        |left: &Left| left.names[&ROOT].iter().map(|(name, node)| (name.clone(), left.content[node].clone())).collect();
    states.iter().map(file).collect()
}

fn one(name: &str, bytes: &[u8]) -> Vec<(OsString, Vec<u8>)> {
    vec![(name.into(), bytes.to_owned())]
}

#[test]
fn a_synced_file_in_a_synced_directory_is_never_lost() {
    let changes = [made("a", 1, b"new"), vec![Change::Sync { node: 1 }, Change::Sync { node: ROOT }]].concat();
    assert_eq!(seen(&disk(&changes)), [one("a", b"new")].into());
}

#[test]
fn a_name_whose_directory_was_not_synced_may_be_lost() {
    let changes = [made("a", 1, b"new"), vec![Change::Sync { node: 1 }]].concat();
    assert_eq!(seen(&disk(&changes)), [vec![], one("a", b"new")].into());
}

#[test]
fn a_file_that_was_renamed_unsynced_may_be_empty_or_torn_or_zeroes() {
    let before = [made("a", 1, b"old"), vec![Change::SyncAll]].concat();
    let rename = vec![Change::Rename { from: at("b"), to: at("a") }, Change::Sync { node: ROOT }];
    let found = seen(&disk(&[before, made("b", 2, b"new"), rename].concat()));
    let expected: [&[u8]; 5] = [b"", b"n", b"ne", b"new", b"\0\0\0"];
    assert_eq!(found, expected.map(|bytes| one("a", bytes)).into());
}

#[test]
fn a_rename_may_leave_both_names_and_never_none() {
    let before = [made("a", 1, b"x"), vec![Change::SyncAll]].concat();
    let found = seen(&disk(&[before, vec![Change::Rename { from: at("a"), to: at("b") }]].concat()));
    let both = [one("a", b"x"), one("b", b"x")].concat();
    assert_eq!(found, [one("a", b"x"), one("b", b"x"), both].into());
}

#[test]
fn a_directory_that_is_renamed_has_one_name_whatever_was_synced() {
    let make = |name: &str, node| Change::Make { at: at(name), node, kind: Kind::Directory, mode: 0o700 };
    let to = Place { directory: 2, name: "b".into() };
    let changes = [make("a", 1), make("d", 2), Change::SyncAll, Change::Rename { from: at("a"), to }];
    for synced in [None, Some(ROOT), Some(2)] {
        let moved =
            disk(&[&changes[..], &synced.map(|node| Change::Sync { node }).into_iter().collect::<Vec<_>>()].concat());
        let mut dice = Dice::of(3, 3);
        for left in std::iter::repeat_with(|| Left::some(&moved, &mut dice)).take(100).chain([Left::least(&moved)]) {
            assert_eq!(left.names.values().flat_map(|names| names.values()).filter(|node| **node == 1).count(), 1);
        }
    }
}

#[test]
fn a_sync_of_the_directory_that_a_file_left_keeps_its_new_name_too() {
    let directory = Change::Make { at: at("d"), node: 2, kind: Kind::Directory, mode: 0o700 };
    let inside = Place { directory: 2, name: "a".into() };
    let before = [made("a", 1, b"x"), vec![directory, Change::SyncAll]].concat();
    let moved =
        disk(&[before, vec![Change::Rename { from: at("a"), to: inside }, Change::Sync { node: ROOT }]].concat());
    assert_eq!(Left::least(&moved).names[&2].len(), 1);
    assert_eq!(Left::least(&moved).names[&ROOT].len(), 1);
}

#[test]
fn renaming_one_name_of_a_file_over_another_does_nothing() {
    let link = vec![Change::Link { at: at("b"), node: 1 }, Change::Rename { from: at("b"), to: at("a") }];
    assert_eq!(Left::most(&disk(&[made("a", 1, b"x"), link].concat())).names[&ROOT].len(), 2);
}

#[test]
fn a_name_that_was_used_twice_is_never_the_later_file_without_what_came_before() {
    let changes = [made("a", 1, b"x"), vec![Change::Sync { node: 1 }, Change::Unlink { at: at("a") }]].concat();
    let again = [made("a", 2, b"y"), vec![Change::Sync { node: 2 }]].concat();
    let found = seen(&disk(&[changes, again].concat()));
    assert_eq!(found, [vec![], one("a", b"x"), one("a", b"y")].into());
}
