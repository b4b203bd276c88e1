//! Work directories beside the database that are another installation's.

use crate::world::{NEW, OLD, World};

#[test]
fn two_installations_never_share_a_work_directory() {
    let world = World::installed(&[OLD, NEW]);
    let owner = world.path("data/.gantry-installer-notes/owner.json");
    let text = std::fs::read_to_string(&owner).unwrap();
    let state = world.path("state");
    let state = state.to_str().unwrap();
    assert!(text.contains(state), "{text}");
    // It lives: the state directory of an installation that is gone keeps nobody out.
    let another = world.path("another");
    std::fs::create_dir(&another).unwrap();
    let another = another.to_str().unwrap();
    std::fs::write(&owner, text.replacen(state, another, 1)).unwrap();
    let answer = world.run(&["upgrade", "--yes", "--json"]);
    assert!([1, 3].contains(&answer.code), "{answer:#?}");
    let said = answer.json();
    let said = said["refusals"].to_string() + &said["error"].to_string();
    assert!(said.contains("foreign-work") && said.contains(another), "{said}");
    world.stands_at("1.0.0", 1);
    assert_eq!(std::fs::read_to_string(&owner).unwrap(), text.replacen(state, another, 1));
}
