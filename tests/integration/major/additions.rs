//! A database with objects that no release made: they do no harm inside a major, and no import accounts for them.

use serde_json::{Value, json};

use super::{below, cross};
use crate::world::{MAJOR, MAJOR_OF_NEW, NEW, OLD, World};

const EXTRA: &str = "CREATE INDEX \"My notes\" ON notes (text); CREATE VIEW recent AS SELECT id FROM notes";
const REMEDY: &str = "DROP INDEX \"my notes\"; DROP VIEW \"recent\";";

fn refusal(answer: &Value) -> &Value {
    assert_eq!(answer["refusals"].as_array().unwrap().len(), 1, "{answer:#}");
    &answer["refusals"][0]
}

fn held(world: &World) -> Value {
    world.run(&["status", "--json"]).expect(0).json()["held"].clone()
}

#[test]
fn they_are_named_before_anything_is_fetched_and_hold_no_release() {
    let world = below(MAJOR);
    world.execute(EXTRA);
    let before = world.processes();
    for command in [&["upgrade", "--to", "2", "--dry-run", "--json"][..], &["upgrade", "--to", "2", "--yes", "--json"]]
    {
        let answer = world.run(command).expect(3).json();
        let refusal = refusal(&answer);
        assert_eq!(refusal["code"], "drifted");
        let message = refusal["message"].as_str().unwrap();
        assert!(message.contains("the import of 2.0.0 accounts for what releases made"), "{message}");
        assert!(message.ends_with("at schema 1, has more: index my notes, view recent"), "{message}");
        assert!(refusal["remedy"].as_str().unwrap().contains(REMEDY), "{refusal}");
    }
    assert_eq!((held(&world), world.processes()), (json!([]), before));
    assert_eq!(world.run(&["status", "--json"]).json()["versions"], json!(["1.0.0"]));

    // What was advised helps.
    world.execute(REMEDY);
    cross(&world).expect(0);
    world.stands_at("2.0.0", 1);
}

#[test]
fn the_status_says_so_where_it_says_what_the_next_major_takes() {
    let world = World::installed(&[OLD, NEW.extra("barrier = true"), MAJOR_OF_NEW]);
    world.execute(EXTRA);
    let shown = world.plain(&world.run(&["status"]).expect(0).stdout);
    let lines: Vec<_> = shown.lines().skip_while(|line| !line.starts_with("major ")).collect();
    assert!(lines[0].ends_with(": `gantry-installer upgrade --to 2`"), "{shown}");
    assert!(lines[1].starts_with("           refused as the database is: the import of 2.0.0 accounts"), "{shown}");
    assert!(lines[2].starts_with("             hint: run `") && lines[2].contains(REMEDY), "{shown}");
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(refusal(&status["available"]["major"])["code"], "drifted");
    // The way there is refused as a whole, and not where its last hop begins.
    let before = world.processes();
    cross(&world).expect(3);
    assert_eq!(world.processes(), before);
    world.stands_at("1.0.0", 1);
    // Inside the major they are in nobody's way.
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn one_that_comes_while_the_import_is_rehearsed_undoes_the_run_and_holds_no_release() {
    let world = World::installed(&[OLD.mode("writes-at-stop CREATE INDEX late ON notes (text)"), MAJOR]);
    let answer = cross(&world).expect(4).json();
    assert_eq!((&answer["outcome"], &answer["error"]["code"]), (&json!("restored"), &json!("import")));
    assert_eq!((world.current().as_deref(), world.answers().as_deref()), (Some("1.0.0"), Some("1.0.0")));
    assert_eq!(held(&world), json!([]));
}
