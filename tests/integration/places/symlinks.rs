//! FM-36: a database behind symlinks; they stay what they are, and what they lead to is exchanged.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::tally::{self, End};
use crate::world::{NEW, OLD, World};

/// A world whose configuration names `data/notes.db`, behind which the database lies elsewhere: the names in between, and
/// the database itself.
fn behind(links: &[(&str, &str)]) -> (World, PathBuf) {
    let world = World::with(&[OLD, NEW]);
    for directory in ["elsewhere", "between"] {
        std::fs::create_dir(world.path(directory)).unwrap();
    }
    let real = world.path("elsewhere/real.db");
    world.replace("data/notes.db", "elsewhere/real.db");
    world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
    world.replace("elsewhere/real.db", "data/notes.db");
    for (name, target) in links {
        let target = target.replace("{d}", world.path("").to_str().unwrap().trim_end_matches('/'));
        symlink(target, world.path(name)).unwrap();
    }
    world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    (world, real)
}

// FM-36
#[test]
fn a_database_behind_symlinks_is_exchanged_and_they_stay() {
    let cases: [&[(&str, &str)]; 3] = [
        &[("data/notes.db", "../elsewhere/real.db")],
        &[("data/notes.db", "{d}/elsewhere/real.db")],
        &[
            ("data/notes.db", "../between/a.db"),
            ("between/a.db", "{d}/between/b.db"),
            ("between/b.db", "../elsewhere/real.db"),
        ],
    ];
    for links in cases {
        let (world, real) = behind(links);
        world.run(&["upgrade", "--yes"]).expect(0);
        world.stands_at("1.1.0", 2);
        world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
        world.stands_at("1.0.0", 1);
        world.misbehave("1.1.0", "never-healthy\ndies-after 1");
        world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(4);
        world.stands_at("1.0.0", 1);
        assert!(links.iter().all(|(name, _)| world.path(name).is_symlink()));
        assert!(!real.is_symlink() && real.is_file());
        assert!(world.path("elsewhere/.gantry-installer-notes/owner.json").exists());
        assert!(!world.path("data/.gantry-installer-notes").exists());
        tally::row("upgrade", "database is a symlink", 2, 1, 1);
        tally::row("rollback", "database is a symlink", 1, 0, 1);
    }
}

#[test]
fn a_symlink_that_leads_nowhere_is_named_and_nothing_is_put_in_its_place() {
    let (world, real) = behind(&[("data/notes.db", "../elsewhere/real.db")]);
    world.kill_service();
    let aside = real.with_extension("aside");
    std::fs::rename(&real, &aside).unwrap();
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(3).json();
    let said = answer["refusals"].to_string();
    assert!(said.contains("notes.db"), "{said}");
    world.run(&["gate", "--", "true"]).expect(78);
    assert!(world.path("data/notes.db").is_symlink() && !real.exists());
    tally::point("upgrade", "dangling symlink", End::Old);
    let empty = World::with(&[OLD]);
    symlink("nowhere.db", empty.database()).unwrap();
    let answer = empty.run(&["install", "--yes", "--json"]).expect(3).json();
    assert!(answer["refusals"].to_string().contains("notes.db"), "{answer:#}");
    assert!(empty.database().is_symlink() && empty.current().is_none());
    tally::point("install", "dangling symlink", End::Old);
}
