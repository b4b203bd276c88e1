//! One engine, two databases: what we leave is what it leaves, and each goes on where the other stopped.

use super::picture::picture;
use super::programs::{plain, rich, wild};
use super::{FORMATS, Hand, Site, driver};

/// Steps after each of which both databases are compared.
fn way(versions: &[String]) -> Vec<Vec<&str>> {
    let (second, fourth) = (versions[1].as_str(), versions[3].as_str());
    vec![
        vec!["up", "2"],
        vec!["up"],
        vec!["down", "1"],
        vec!["up", "1"],
        vec!["goto", second],
        vec!["goto", fourth],
        vec!["down", "2"],
        vec!["up"],
        vec!["down"],
        vec!["up"],
    ]
}

#[test]
fn what_we_leave_is_what_the_engine_leaves_after_every_step() {
    let Some(driver) = driver() else { return };
    for format in FORMATS {
        for program in [plain(), rich(), wild()] {
            let versions = program.versions(format);
            let site = Site::new(format, &program, Some(driver.clone()));
            let (theirs, ours) = (site.database("theirs.db"), site.database("ours.db"));
            for command in way(&versions).iter().filter(|command| format != "atlas" || command[0] == "up") {
                site.succeed(Hand::Engine, &theirs, command);
                site.succeed(Hand::Ours, &ours, command);
                assert_eq!(picture(&ours), picture(&theirs), "{format}, after {command:?}");
            }
        }
    }
}

#[test]
fn each_goes_on_where_the_other_stopped() {
    let Some(driver) = driver() else { return };
    for format in FORMATS {
        let site = Site::new(format, &rich(), Some(driver.clone()));
        let ups: [&[&str]; 3] = [&["up", "2"], &["up", "4"], &["up"]];
        let downs: [&[&str]; 3] = [&["down", "3"], &["down", "1"], &["down"]];
        let commands: Vec<_> = if format == "atlas" { ups.to_vec() } else { [ups, downs].concat() };
        let engine_only = site.database("engine.db");
        let mut relays =
            [(Hand::Engine, site.database("engine-first.db")), (Hand::Ours, site.database("ours-first.db"))];
        for command in commands {
            site.succeed(Hand::Engine, &engine_only, command);
            for (hand, database) in &mut relays {
                site.succeed(*hand, database, command);
                *hand = if *hand == Hand::Ours { Hand::Engine } else { Hand::Ours };
                assert_eq!(picture(database), picture(&engine_only), "{format}, after {command:?}");
            }
        }
    }
}

#[test]
fn both_find_the_same_version() {
    let Some(driver) = driver() else { return };
    for format in FORMATS {
        let program = plain();
        let site = Site::new(format, &program, Some(driver.clone()));
        let database = site.database("data.db");
        site.walk(&database, &[(Hand::Ours, &["up", "3"])]);
        let theirs = site.run(Hand::Engine, &database, &["version"]);
        let theirs = String::from_utf8(theirs.stdout).unwrap();
        let expected = program.versions(format)[2].clone();
        assert_eq!(theirs.split_whitespace().next(), Some(expected.as_str()), "{format}");
    }
}
