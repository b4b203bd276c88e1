//! Bundles: a way without a network.

use crate::world::{NEW, OLD, Release, World};

const LAST: Release = Release::new("1.2.0", 3, &[3]).extra("barrier = true");
const LATER: Release = Release::new("1.3.0", 4, &[4]);

/// Makes a bundle from 1.0.0 with `manifest bundle`, and tells where it is.
fn bundle(world: &World, to: &str) -> String {
    let file = world.path("bundle").to_str().unwrap().to_owned();
    let manifest = world.path("releases/notes.toml");
    let manifest = manifest.to_str().unwrap();
    world.run(&["manifest", "bundle", "--from", "1.0.0", "--to", to, "--manifest", manifest, &file]).expect(0);
    file
}

#[test]
fn a_bundle_leads_through_all_stops_and_nothing_else_is_asked() {
    let world = World::installed(&[OLD, NEW, LAST, LATER]);
    let bundle = bundle(&world, "1.3");
    std::fs::remove_dir_all(world.path("releases")).unwrap();
    world.run(&["upgrade", "--to", "1.3", "--yes"]).expect(1);
    world.run(&["upgrade", "--to", "1.3", "--yes", "--bundle", &bundle]).expect(0);
    world.stands_at("1.3.0", 4);
}

#[test]
fn a_bundle_is_trusted_no_more_than_a_server() {
    let world = World::installed(&[OLD, NEW]);
    let file = bundle(&world, "1.1");
    let bytes = std::fs::read(&file).unwrap();
    let altered = |what: &[u8], by: &[u8]| {
        let at = bytes.windows(what.len()).position(|window| window == what).unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + by.len()].copy_from_slice(by);
        std::fs::write(&file, bytes).unwrap();
        world.run(&["upgrade", "--yes", "--json", "--bundle", &file])
    };
    let manifest = altered(b"format = 1", b"format=  1").expect(3).json();
    assert_eq!(manifest["refusals"][0]["code"], "signature");
    // The gzip magic of the artifact.
    let artifact = altered(b"\x1f\x8b\x08", b"\x1f\x8b\x00").expect(1).json();
    assert_eq!(artifact["error"]["code"], "download", "{artifact:#}");
    world.stands_at("1.0.0", 1);
}

// A bundle goes to machines that nobody can reach: what they would refuse is found out where it is made.
#[test]
fn what_machines_would_not_believe_is_not_bundled_for_them() {
    let world = World::installed(&[OLD, NEW]);
    let (file, manifest) = (world.path("bundle"), world.path("releases/notes.toml"));
    let (text, path) = (std::fs::read_to_string(&manifest).unwrap(), manifest.to_str().unwrap());
    let config = world.path("installer.toml");
    let words = ["manifest", "bundle", "--json", "--to", "1.1", "--manifest", path, "--believed-by"];
    let words = [&words[..], &[config.to_str().unwrap(), file.to_str().unwrap()]].concat();
    std::fs::write(&manifest, text.replace("format = 1", "format=  1")).unwrap();
    let refused = world.run(&words).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "signature", "{refused:#}");
    assert!(!file.exists());
    std::fs::write(&manifest, text).unwrap();
    world.run(&words).expect(0);
}

#[test]
fn what_is_not_in_a_bundle_is_not_fetched_from_elsewhere() {
    let world = World::installed(&[OLD, NEW, LAST, LATER]);
    let file = bundle(&world, "1.1");
    let answer = world.run(&["upgrade", "--to", "1.2", "--yes", "--json", "--bundle", &file]).expect(1).json();
    let causes = answer["error"]["causes"].to_string();
    assert!(causes.contains("has no `artifacts/"), "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_file_that_is_no_bundle_is_refused_by_name() {
    let world = World::installed(&[OLD, NEW]);
    let file = world.path("bundle");
    std::fs::write(&file, "hello").unwrap();
    let answer = world.run(&["upgrade", "--yes", "--json", "--bundle", file.to_str().unwrap()]).expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "bundle");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_bundle_that_expired_needs_to_be_believed_explicitly() {
    let mut world = World::installed(&[OLD, NEW]);
    world.publish_with("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z");
    let file = bundle(&world, "1.1");
    let refused = world.run(&["upgrade", "--yes", "--json", "--bundle", &file]).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "expired", "{refused:#}");
    world.run(&["upgrade", "--yes", "--allow-expired", "--bundle", &file]).expect(0);
    world.stands_at("1.1.0", 2);
}
