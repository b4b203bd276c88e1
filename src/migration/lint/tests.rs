//! What can be told without running anything: names, locks.

use super::*;
use crate::digest::Sha256;

/// A directory of golang-migrate, and what of it is locked.
fn found(files: &[(&str, &str)], locked: &[(&str, &str)], policy: Policy) -> Vec<Finding> {
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let set = Set::read(Format::GolangMigrate, files.clone().into_iter()).unwrap();
    let wrap = Wrap::Transaction;
    let directory = Directory { set: &set, files: &files, format: Format::GolangMigrate, wrap };
    let locked: Vec<_> = locked.iter().map(|(name, text)| (*name, Sha256::of(text.as_bytes()))).collect();
    let text = Lock::read(None).with(&locked);
    let lock = if locked.is_empty() { Lock::read(None) } else { Lock::read(Some(&text)) };
    judge(&directory, &[], &lock, &[policy].into()).unwrap()
}

/// The findings of `sequential` about names: level, file and the beginning of the message.
fn names(names: &[&str]) -> Vec<String> {
    let files: Vec<_> = names.iter().map(|name| (*name, "")).collect();
    brief(found(&files, &[], Policy::Sequential))
}

fn brief(findings: Vec<Finding>) -> Vec<String> {
    let line = |found: Finding| {
        let message = found.message.split(": ").next().unwrap_or_default().to_owned();
        format!("{} {} {message}", found.level.name(), found.file)
    };
    findings.into_iter().map(line).collect()
}

#[test]
fn versions_that_follow_each_other_are_well_whatever_they_count_in() {
    for well in [
        &["0001_a_b.up.sql", "0002_c_d.up.sql", "0003_e_f.up.sql"][..],
        &["0_a_b.up.sql", "1_c_d.up.sql"],
        &["20240101120000_a_b.up.sql", "20250607000000_c_d.up.sql"],
        &["1700000000_a_b.up.sql", "1700000007_c_d.up.sql"],
        &["010_a_b.up.sql", "020_c_d.up.sql", "030_e_f.up.sql"],
    ] {
        assert_eq!(names(well), Vec::<String>::new(), "{well:?}");
    }
}

#[test]
fn gaps_late_starts_and_mixed_numbers_are_found() {
    let gaps = names(&["1_a_b.up.sql", "3_c_d.up.sql", "4_e_f.up.sql", "8_g_h.up.sql"]);
    assert_eq!(
        gaps,
        [
            "error 3_c_d.up.sql there is no migration 2 before it",
            "error 8_g_h.up.sql there are no migrations 5 to 7 before it"
        ]
    );
    assert_eq!(names(&["7_a_b.up.sql", "8_c_d.up.sql"]), ["note 7_a_b.up.sql the first migration is number 7"]);
    assert_eq!(
        names(&["010_a_b.up.sql", "020_c_d.up.sql", "040_e_f.up.sql"]),
        ["error 040_e_f.up.sql there is no migration 30 before it"]
    );
    assert_eq!(
        names(&["1_a_b.up.sql", "20240101120000_c_d.up.sql"]),
        ["warning 20240101120000_c_d.up.sql it is named by time, and others are counted"]
    );
}

#[test]
fn numbers_that_are_listed_in_another_order_than_they_run_are_noted() {
    assert_eq!(
        names(&["8_a_b.up.sql", "9_c_d.up.sql", "10_e_f.up.sql"])[1..],
        ["note 10_e_f.up.sql it is sorted before `9_c_d.up.sql`"]
    );
}

#[test]
fn names_that_say_nothing_or_do_not_fit_are_found() {
    assert_eq!(names(&["1_.up.sql"]), ["warning 1_.up.sql it has no name"]);
    assert_eq!(names(&["1_2024.up.sql"]), ["warning 1_2024.up.sql it has no name"]);
    assert_eq!(names(&["1_Fix_2.up.sql"]), ["note 1_Fix_2.up.sql its name is `Fix_2`"]);
    assert_eq!(
        names(&["1_make_a.up.sql", "1_drop_a.down.sql"]),
        ["warning 1_drop_a.down.sql it goes with `1_make_a.up.sql`, which has another name"]
    );
    assert_eq!(names(&["1_make_a.up.sql", "01_make_a.down.sql"]), Vec::<String>::new());
}

#[test]
fn a_file_that_was_meant_to_be_a_migration_is_found_with_its_right_name() {
    for (wrong, right) in [
        ("0002-add_b.up.sql", "name it `0002_add_b.up.sql`"),
        ("0002_add_b.UP.SQL", "name it `0002_add_b.up.sql`"),
        ("0002_add_b.sql", "name it `0002_add_b.up.sql`"),
        ("0002_add_b_down.sql", "name it `0002_add_b.down.sql`"),
        ("0002 add_b-up.sql", "name it `0002_add_b.up.sql`"),
        ("add_b.up.sql", "name it as `0001_create_users.up.sql`, or put it elsewhere"),
    ] {
        let files = [("0001_add_a.up.sql", ""), (wrong, "")];
        let found = found(&files, &[], Policy::Sequential);
        let finding = found.iter().find(|finding| finding.file == wrong).unwrap();
        assert_eq!((finding.level, &*finding.instead), (Level::Error, right), "{wrong}");
    }
    let others = ["README.md", "atlas.hcl", ".0001_add_a.up.sql.swp", "embed.go"];
    let files: Vec<_> = [&["0001_add_a.up.sql"], &others[..]].concat();
    assert_eq!(names(&files), Vec::<String>::new());
    assert_eq!(names(&["0001_add_a.up.sql", "schema.sql"]), ["note schema.sql it must begin with a number"]);
}

#[test]
fn what_is_locked_neither_changes_nor_goes_and_what_is_new_is_named() {
    let files = [("1_add_a.up.sql", "a"), ("2_add_b.up.sql", "b"), ("3_add_c.up.sql", "c")];
    let of = |locked: &[(&str, &str)]| brief(found(&files, locked, Policy::Immutable));
    assert_eq!(of(&files), Vec::<String>::new());
    assert_eq!(of(&files[..2]), ["note migrations.lock new and not locked yet"]);
    let other = [files[0], ("2_add_b.up.sql", "another"), files[2]];
    assert_eq!(of(&other), ["error 2_add_b.up.sql it is locked, and it was changed"]);
    let more = [files[0], files[1], files[2], ("4_add_d.up.sql", "d")];
    assert_eq!(of(&more), ["error 4_add_d.up.sql it is locked, and it is gone"]);
    assert_eq!(of(&[]), ["note migrations.lock there is no lock file"]);
}

#[test]
fn a_migration_that_is_put_before_a_locked_one_is_found() {
    let files = [("1_add_a.up.sql", "a"), ("2_add_b.up.sql", "b"), ("3_add_c.up.sql", "c"), ("3_add_c.down.sql", "")];
    let found = found(&files, &[files[0], files[2]], Policy::Sequential);
    assert_eq!(brief(found), ["error 2_add_b.up.sql it comes before `3_add_c.up.sql`, which is locked"]);
}

#[test]
fn a_change_of_one_byte_is_a_change() {
    let found = found(&[("1_add_a.up.sql", "a\n")], &[("1_add_a.up.sql", "a\r\n")], Policy::Immutable);
    assert_eq!((found.len(), found[0].level), (1, Level::Error));
}
