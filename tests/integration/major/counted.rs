//! What an import did, as it is shown.

use serde_json::json;

use super::{below, cross};
use crate::world::MAJOR;

#[test]
fn the_history_accounts_for_every_table() {
    let world = below(MAJOR);
    let run = cross(&world).expect(0).json()["run"].as_str().unwrap().to_owned();
    let shown = world.run(&["history", &run]).expect(0).stdout;
    assert!(shown.contains("  notes: 3 rows\n    3 rows become 3 rows of notes\n"), "{shown}");
    assert!(shown.contains("1 row made: whoever wrote before there were authors"), "{shown}");
    let told = world.run(&["history", &run, "--json"]).expect(0).json();
    assert_eq!(told["report"]["import"]["new"][1]["rows"], json!(3), "{told:#}");
    let text = std::fs::read_to_string(world.path(&format!("state/runs/{run}/import.txt"))).unwrap();
    assert!(shown.contains("notes: 3 rows") && text.contains("notes: 3 rows"), "{text}");
}

#[test]
fn the_answer_says_how_many_rows_became_how_many() {
    let world = below(MAJOR);
    let shown = world.run(&["upgrade", "--to", "2", "--yes"]).expect(0).stdout;
    assert!(shown.contains("  import    3 rows became 4, nothing was written since the rehearsal"), "{shown}");
    // What was estimated stands beside what it was.
    let estimate = shown.lines().find(|line| line.starts_with("  estimate  ")).unwrap();
    assert!(
        estimate.contains("down for about ") && estimate.contains(" in the hop to 2.0.0, and it was "),
        "{estimate}"
    );
    assert!(estimate.contains("and the database went from "), "{estimate}");
}
