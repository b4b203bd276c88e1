//! Whole answers of the verbs of `migrate`.

use std::path::PathBuf;

use crate::refusals::words::{said, same};
use crate::world::{NEW, OLD, World};

/// A directory of migrations in the world, of which the second leaves something behind.
fn directory(world: &World) -> PathBuf {
    let directory = world.path("migrations");
    std::fs::create_dir(&directory).unwrap();
    for (name, sql) in [
        ("0001_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"),
        ("0001_users.down.sql", "DROP TABLE users;"),
        ("0002_mail.up.sql", "ALTER TABLE users ADD COLUMN mail TEXT;\nCREATE TABLE mails (user REFERENCES users);"),
        ("0002_mail.down.sql", "ALTER TABLE users DROP COLUMN mail;"),
        ("0003_compact.up.sql", "VACUUM;"),
    ] {
        std::fs::write(directory.join(name), sql).unwrap();
    }
    directory
}

#[test]
fn migrate_says_how_it_is_used() {
    let world = World::with(&[]);
    same(&world, "help-migrate", &said(&world, &["migrate", "--help"]));
    same(&world, "help-migrate-force", &said(&world, &["migrate", "force", "--help"]));
}

#[test]
fn migrations_in_a_directory() {
    let world = World::with(&[]);
    let directory = directory(&world);
    let directory = directory.to_str().unwrap();
    let database = format!("sqlite:{}", world.path("data.db").display());
    let on =
        |words: &[&str]| said(&world, &[&["migrate", "--database", &database, "--dir", directory], words].concat());
    same(&world, "migrate-dry-run", &on(&["up", "--dry-run"]));
    same(&world, "migrate-test", &said(&world, &["migrate", "--dir", directory, "test"]));
    on(&["goto", "1", "--yes"]);
    let mut forced = on(&["force", "2"]);
    forced += &format!("\n{}", on(&["force", "2", "--yes"]));
    forced += &format!("\n{}", on(&["force", "7", "--yes"]));
    same(&world, "migrate-force", &forced);
    let mut new = said(&world, &["migrate", "--dir", directory, "new", "tags"]);
    new += &format!("\n{}", said(&world, &["migrate", "--dir", directory, "new", "tags"]));
    new += &format!("\n{}", said(&world, &["migrate", "--dir", directory, "new", "more tags"]));
    new += &format!("\n{}", said(&world, &["migrate", "new", "tags"]));
    same(&world, "migrate-new", &new);
}

#[test]
fn migrations_of_an_installed_product() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let before = std::fs::read(world.database()).unwrap();
    let mut words = said(&world, &["migrate", "goto", "1", "--dry-run"]);
    words += &format!("\n{}", said(&world, &["migrate", "down", "2", "--dry-run"]));
    words += &format!("\n{}", said(&world, &["migrate", "test"]));
    words += &format!("\n{}", said(&world, &["migrate", "force", "1", "--yes"]));
    same(&world, "migrate-installed", &words);
    assert_eq!(std::fs::read(world.database()).unwrap(), before);
    world.stands_at("1.1.0", 2);
}

#[test]
fn without_a_configuration_the_way_of_a_database_of_no_product_is_shown() {
    let world = World::with(&[]);
    let nowhere = world.path("nowhere.toml");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gantry-installer"));
    command.args(["migrate", "up", "--json", "--config"]).arg(nowhere);
    let answer = crate::world::answer(command).expect(3).json();
    let remedy = answer["refusals"][0]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("give `--database sqlite:PATH --dir DIRECTORY --format FORMAT`"), "{remedy}");
}
