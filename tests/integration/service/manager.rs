//! A product that nobody manages: only its database counts.

use crate::world::{NEW, OLD, World};

/// Installed and stopped, and from then on managed by nobody.
fn unmanaged() -> World {
    let world = World::installed(&[OLD, NEW]);
    world.stop_service();
    world.service_by("manager = \"none\"");
    world
}

#[test]
fn without_a_service_the_upgrade_moves_program_and_database_and_has_no_downtime() {
    let world = unmanaged();
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["downtime_ms"], serde_json::Value::Null);
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.1.0"), 2));
    assert_eq!(world.answers(), None, "nobody started it");
    world.run(&["rollback", "--strategy", "down", "--yes", "--json"]).expect(0);
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 3);
}

#[test]
fn without_a_service_whoever_holds_the_database_is_a_refusal() {
    let world = unmanaged();
    let mut holder = std::process::Command::new("sh")
        .args(["-c", "exec 9<>\"$1\"; echo; exec sleep 1000", "sh"])
        .arg(world.database())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    let answer = world.run(&["upgrade", "--yes", "--json"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    let answer = answer.expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "database-held");
    assert!(answer["refusals"][0]["remedy"].as_str().unwrap().contains("kill "), "{answer:#}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    world.run(&["upgrade", "--yes"]).expect(0);
}
