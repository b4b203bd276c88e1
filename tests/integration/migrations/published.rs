//! Releases of a product that migrates itself, from its archives to a machine and back.

use serde_json::{Value, json};

use crate::own_migrator::{FIRST, SECOND, configure};
use crate::world::{Answer, Release, World, archive};

/// A machine and a publisher's desk, with a manifest that is begun.
fn desk() -> World {
    let world = World::with(&[]);
    configure(&world);
    std::fs::remove_file(world.path("releases/notes.toml")).unwrap();
    manifest(&world, &["new", "--product", "notes"]).expect(0);
    world
}

fn manifest(world: &World, words: &[&str]) -> Answer {
    let file = world.path("releases/notes.toml");
    world.run(&[&["manifest"], words, &["--manifest", file.to_str().unwrap(), "--json"]].concat())
}

fn add(world: &World, release: &Release, more: &[&str]) -> Answer {
    let file = world.path(&format!("releases/notes-{}.tar.gz", release.version));
    archive(release, &file);
    let words = ["add", file.to_str().unwrap(), "--target", "any", "--format", "command"];
    manifest(world, &[&words, more].concat())
}

fn publish(world: &World) {
    world.publish_text(&std::fs::read_to_string(world.path("releases/notes.toml")).unwrap());
}

#[test]
fn what_the_products_own_migrator_makes_is_measured_published_installed_and_gone_back_from() {
    let world = desk();
    let first = add(&world, &FIRST, &[]).expect(0).json();
    let second = add(&world, &SECOND, &[]).expect(0).json();
    let schemas = [&first, &second].map(|answer| &answer["release"]["schema"]);
    assert_eq!(schemas, [&json!("1"), &json!("2")]);
    assert_ne!(first["release"]["fingerprint"], second["release"]["fingerprint"]);
    publish(&world);

    world.install("1.0.0");
    // Whatever was measured there holds here: another fingerprint would be refused.
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!((&answer["from"]["schema"], &answer["to"]["schema"]), (&json!("1"), &json!("2")));
    world.stands_at("1.1.0", 2);
    world.run(&["verify"]).expect(0);
    let back = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert_eq!(back["to"]["schema"], json!("1"), "{back:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn other_schemas_that_such_a_release_reads_are_taken_on_its_word_and_the_program_alone_goes_back() {
    let world = desk();
    let claimed = add(&world, &FIRST, &["--reads", "1,2"]).expect(0).json();
    let told = claimed["warnings"][0].as_str().unwrap();
    assert!(told.contains("whether 1.0.0 runs on the other schemas that it reads is not known"), "{told}");
    add(&world, &SECOND, &[]).expect(0);
    publish(&world);
    world.install("1.0.0");
    world.run(&["upgrade", "--yes"]).expect(0);
    let back = world.run(&["rollback", "--yes", "--json"]).expect(0).json();
    assert_eq!((&back["strategy"], &back["to"]["schema"]), (&json!("binary"), &json!("2")));
    world.stands_at("1.0.0", 2);
}

#[test]
fn a_schema_that_another_program_made_is_refused_on_the_machine() {
    let world = desk();
    add(&world, &FIRST, &[]).expect(0);
    let file = world.path("releases/notes.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_once("sha256:").unwrap();
    let other = format!("{before}sha256:{}{}", "0".repeat(64), &after[64..]);
    world.publish_text(&other);
    let answer = world.run(&["install", "--yes", "--json"]).expect(1).json();
    assert_eq!(answer["error"]["code"], "fingerprint", "{answer:#}");
}

#[test]
fn a_migrator_that_fails_or_prints_no_schema_enters_nothing_and_is_named() {
    let world = desk();
    let before = std::fs::read_to_string(world.path("releases/notes.toml")).unwrap();
    let failing = SECOND.migrations(&[("trick.sh", "echo no luck >&2; exit 3")]);
    let error = add(&world, &failing, &[]).expect(1).json()["error"].clone();
    assert!(error["message"].as_str().unwrap().ends_with("fails: exit status 3: no luck"), "{error:#}");
    let text = std::fs::read_to_string(world.path("installer.toml")).unwrap();
    let silent = text
        .lines()
        .map(|line| if line.starts_with("version = ") { "version = [\"true\", \"{database}\"]" } else { line });
    std::fs::write(world.path("installer.toml"), silent.collect::<Vec<_>>().join("\n")).unwrap();
    let error = add(&world, &SECOND, &[]).expect(1).json()["error"].clone();
    assert!(error["message"].as_str().unwrap().contains("`true {database}` prints \"\""), "{error:#}");
    assert_eq!(std::fs::read_to_string(world.path("releases/notes.toml")).unwrap(), before);
}

#[test]
fn the_configuration_must_be_the_products_own_and_name_its_commands() {
    let refused = |world: &World| -> Value {
        let answer = add(world, &FIRST, &[]).expect(3).json();
        answer["refusals"][0]["code"].clone()
    };
    let world = desk();
    let text = std::fs::read_to_string(world.path("installer.toml")).unwrap();
    let write = |text: &str| std::fs::write(world.path("installer.toml"), text).unwrap();
    write(&text.replace("product = \"notes\"", "product = \"mail\""));
    assert_eq!(refused(&world), "other-product");
    world.configure("");
    assert_eq!(refused(&world), "no-migrator");
    write(&text.lines().filter(|line| !line.starts_with("up = ")).collect::<Vec<_>>().join("\n"));
    assert_eq!(refused(&world), "config");
    std::fs::remove_file(world.path("installer.toml")).unwrap();
    assert_eq!(add(&world, &FIRST, &[]).expect(1).json()["error"]["code"], "config");
}

/// An ELF header of a processor that no test runs on.
#[test]
fn a_program_for_another_machine_takes_schema_and_fingerprint_from_the_one_that_ran() {
    let world = desk();
    let foreign = world.path("notes-1.0.0-other.tar.gz");
    let gzip = flate2::write::GzEncoder::new(std::fs::File::create(&foreign).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    let mut program = b"\x7fELF\x01\x02\x01".to_vec();
    program.resize(18, 0);
    program.extend([0, 2]);
    let mut header = tar::Header::new_ustar();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, "notes-1.0.0/bin/notes", program.as_slice()).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    let target = ["add", foreign.to_str().unwrap(), "--target", "aarch64-unknown-linux-gnu", "--format", "command"];
    let alone = manifest(&world, &target).expect(3).json();
    assert_eq!(alone["refusals"][0]["code"], "foreign");
    let own = add(&world, &FIRST, &[]).expect(0).json();
    let other = manifest(&world, &target).expect(0).json();
    assert_eq!(other["release"]["fingerprint"], own["release"]["fingerprint"]);
    assert!(other["warnings"][0].as_str().unwrap().contains("cannot run here"), "{other:#}");
}
