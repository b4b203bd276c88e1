//! What releases may say that they read.

use super::*;

const ADDS: (&str, &str) = ("migrations/5_c.up.sql", "ALTER TABLE a ADD COLUMN c;");
const RENAMES: (&str, &str) = ("migrations/6_d.up.sql", "ALTER TABLE a RENAME COLUMN b TO d;");

/// 1.4.0 says that it reads schemas 5 and 6, which no migration is there for yet.
fn with_a_claim() -> Desk {
    let desk = Desk::new();
    desk.begin();
    assert_eq!(code(&desk.add(desk.archive("gantry-1.4.0"), None, &[4, 5, 6])), DONE);
    desk
}

#[test]
fn a_release_may_say_that_it_reads_a_later_schema_if_the_migrations_only_add() {
    let desk = with_a_claim();
    assert_eq!(code(&desk.add(desk.archive_with("gantry-1.5.0", &[ADDS]), None, &[4, 5])), DONE);
    let before = desk.text("gantry.toml");
    let refused = desk.add(desk.archive_with("gantry-1.6.0", &[ADDS, RENAMES]), None, &[]);
    assert_eq!(code(&refused), (3, "reads"));
    // 1.5.0 does not say that it reads 6.
    let [refusal] = refused.refusals.as_slice() else { panic!("{:?}", refused.refusals) };
    let expected = "release `1.4.0` says that it reads schema 6, and on the way there `6_d.up.sql`:1 renames the column \
                    `a.b` to `d`: ";
    assert!(refusal.message.starts_with(expected), "{}", refusal.message);
    assert!(refusal.remedy.contains("--reads-anyway REASON"), "{}", refusal.remedy);
    assert_eq!(desk.text("gantry.toml"), before);
}

#[test]
fn a_reason_why_a_release_reads_a_schema_anyway_is_asked_for_once_and_stays_in_the_manifest() {
    let desk = with_a_claim();
    let newer = || desk.archive_with("gantry-1.6.0", &[ADDS, RENAMES]);
    assert_eq!(code(&desk.claim(newer(), None, &[], Some(" "))), (2, "usage"));
    assert_eq!(code(&desk.claim(newer(), None, &[], Some("1.4 never reads b"))), DONE);
    let text = desk.text("gantry.toml");
    assert!(text.contains("reads = [4, 5, 6]\n# reads 6 anyway: 1.4 never reads b\n"), "{text}");
    let again = desk.claim(desk.archive_with("gantry-1.6.1", &[ADDS, RENAMES]), None, &[], None);
    assert_eq!(code(&again), DONE);
    let idle = desk.claim(desk.archive_with("gantry-1.6.2", &[ADDS, RENAMES]), None, &[], Some("because"));
    assert!(code(&idle) == DONE && idle.warnings.iter().any(|warning| warning.contains("not noted")), "{idle:?}");
}

#[test]
fn a_migration_that_gives_its_own_reason_stands_against_no_claim() {
    let desk = with_a_claim();
    let reasoned =
        ("migrations/6_d.up.sql", "-- lint: allow additive: 1.4 never reads b\nALTER TABLE a RENAME COLUMN b TO d;");
    assert_eq!(code(&desk.add(desk.archive_with("gantry-1.6.0", &[ADDS, reasoned]), None, &[])), DONE);
}

#[test]
fn a_check_compares_what_releases_read_with_the_migrations() {
    let desk = with_a_claim();
    let directory = desk.at("migrations");
    fs::create_dir_all(&directory, 0o700).unwrap();
    for (name, sql) in [("migrations/4_a.up.sql", "CREATE TABLE a(b);"), ADDS, RENAMES] {
        desk.write(name, sql);
    }
    assert_eq!(code(&desk.check()), DONE);
    let found = desk.check_with(Some(directory.clone()));
    assert_eq!(code(&found), (3, "manifest-mistake"));
    assert!(found.refusals[0].message.contains("says that it reads schema 6"), "{:?}", found.refusals);
    // Nothing is taken for granted behind a migration that fails.
    desk.write("migrations/5_c.up.sql", "ALTER TABLE absent ADD COLUMN c;");
    let found = desk.check_with(Some(directory));
    assert!(found.refusals.iter().any(|refusal| refusal.message.contains("no such table")), "{found:?}");
}
