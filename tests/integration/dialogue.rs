//! What is asked at a terminal, and what the answers do.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expectrl::process::Termios as _;
use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Eof, Expect as _, Session};

use crate::world::{NEW, OLD, Release, World};

/// Its schema is not read by the older release, so that a rollback has to choose between two losses.
const ONLY: Release = Release::new("1.0.0", 1, &[1]);

const DOWN_ARROW: &str = "\x1b[B";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const CONTROL_C: &str = "\x03";
/// Of xterm's control sequences (DECTCEM): the cursor is to be seen.
const CURSOR: &str = "\x1b[?25h";

/// How long the installer may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The installer in a terminal of its own.
struct Dialogue {
    session: OsSession,
    said: String,
}

impl Dialogue {
    fn with(mut command: Command) -> Self {
        command.env("TERM", "xterm").stdin(Stdio::inherit());
        let mut session = Session::spawn(command).unwrap();
        session.get_process_mut().set_window_size(120, 40).unwrap();
        // Whoever reads keys turns it off: `types` waits for that.
        session.set_echo(true).unwrap();
        session.set_expect_timeout(Some(PATIENCE));
        Self { session, said: String::new() }
    }

    fn with_installer(world: &World, arguments: &[&str]) -> Self {
        Self::with(world.command(arguments))
    }

    /// Waits until this was said.
    #[track_caller]
    fn hears(&mut self, words: &str) -> &mut Self {
        match self.session.expect(words) {
            Ok(heard) => self.said += &String::from_utf8_lossy(heard.as_bytes()),
            Err(error) => {
                let mut rest = vec![0; 4096];
                let length = self.session.try_read(&mut rest).unwrap_or(0);
                let rest = String::from_utf8_lossy(&rest[..length]);
                panic!("`{words}` was not said ({error}); before it: {}{rest}", self.said)
            }
        }
        self
    }

    /// Types once the installer reads keys, which it does without echo: before that the terminal itself acts on them.
    fn types(&mut self, keys: &str) -> &mut Self {
        let since = Instant::now();
        while self.session.is_echo().unwrap() {
            assert!(since.elapsed() < PATIENCE, "no key is read: {}", self.said);
            std::thread::yield_now();
        }
        self.session.send(keys).unwrap();
        self
    }

    /// Waits for the end and returns the exit code, and all that was said.
    fn ends(mut self) -> (i32, String) {
        let rest = self.session.expect(Eof).unwrap();
        self.said += &String::from_utf8_lossy(rest.as_bytes());
        match self.session.get_process().wait().unwrap() {
            WaitStatus::Exited(_, code) => (code, self.said),
            other => panic!("{other:?}: {}", self.said),
        }
    }
}

/// Upgraded, with two rows written since, one of which says a mood.
fn upgraded() -> World {
    let world = World::installed(&[ONLY, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (text, mood) VALUES ('four', 'glad'), ('five', NULL)");
    world
}

#[track_caller]
fn stands_upgraded(world: &World) {
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.1.0"), 2));
    assert_eq!(world.answers().as_deref(), Some("1.1.0"));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 5);
    assert_eq!(
        std::fs::read_dir(world.path("data/.gantry-installer-notes")).unwrap().count(),
        1,
        "only the owner's mark"
    );
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["unfinished"], serde_json::Value::Null);
}

#[test]
fn a_rollback_shows_every_way_with_its_loss_and_takes_the_chosen_one() {
    let world = upgraded();
    let mut dialogue = Dialogue::with_installer(&world, &["rollback"]);
    dialogue.hears("How to go back to 1.0.0");
    let shown = dialogue.said.clone();
    assert!(shown.contains("binary   not possible: 1.0.0 does not run on schema 2"), "{shown}");
    assert!(shown.contains("notes: column mood with 1 value"), "{shown}");
    assert!(shown.contains("notes: 2 inserted"), "{shown}");
    // The way that loses least is the first one; the other one is below it.
    dialogue.hears("restore").types(DOWN_ARROW).types(ENTER);
    dialogue.hears("Roll back to 1.0.0 by restore, losing what is listed above?").types("y");
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn whoever_is_asked_is_told_of_the_loss_however_little_is_said_otherwise() {
    let world = upgraded();
    for quiet in [&["-q"][..], &["--events", "-"]] {
        let arguments = [quiet, &["rollback", "--strategy", "down"]].concat();
        let mut dialogue = Dialogue::with_installer(&world, &arguments);
        dialogue.hears("losing what is listed above?");
        let shown = dialogue.said.clone();
        assert!(shown.contains("notes: column mood with 1 value"), "{quiet:?}: {shown}");
        dialogue.types("n");
        let (code, said) = dialogue.ends();
        assert_eq!(code, 0, "{said}");
    }
    stands_upgraded(&world);
}

#[test]
fn the_first_way_is_the_one_that_loses_least() {
    let world = upgraded();
    let mut dialogue = Dialogue::with_installer(&world, &["rollback"]);
    dialogue.hears("How to go back to 1.0.0").hears("restore").types(ENTER);
    dialogue.hears("Roll back to 1.0.0 by down, losing what is listed above?").types("y");
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 5, "the rows stay");
}

#[test]
fn a_no_after_the_choice_changes_nothing() {
    let world = upgraded();
    let mut dialogue = Dialogue::with_installer(&world, &["rollback"]);
    dialogue.hears("How to go back to 1.0.0").hears("restore").types(ENTER);
    dialogue.hears("Roll back to 1.0.0 by down").types("n");
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    stands_upgraded(&world);
}

#[test]
fn escape_instead_of_a_choice_changes_nothing() {
    let world = upgraded();
    let mut dialogue = Dialogue::with_installer(&world, &["rollback"]);
    dialogue.hears("How to go back to 1.0.0").hears("restore").types(ESCAPE);
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("nothing was chosen, and nothing was changed"), "{said}");
    stands_upgraded(&world);
}

#[test]
fn an_interrupt_instead_of_a_choice_changes_nothing_and_leaves_the_terminal_in_order() {
    let world = upgraded();
    let mut dialogue = Dialogue::with_installer(&world, &["rollback"]);
    dialogue.hears("How to go back to 1.0.0").hears("restore").types(CONTROL_C);
    let (code, said) = dialogue.ends();
    assert_eq!(code, 1, "{said}");
    let (_, after) = said.rsplit_once("How to go back").unwrap();
    assert!(after.contains(CURSOR) || !said.contains("\x1b[?25l"), "the cursor stays hidden: {said:?}");
    stands_upgraded(&world);
}

#[test]
fn an_upgrade_asks_and_takes_a_yes() {
    let world = World::installed(&[OLD, NEW]);
    let mut dialogue = Dialogue::with_installer(&world, &["upgrade"]);
    dialogue.hears("Upgrade from 1.0.0 (schema 1) to 1.1.0?").types("y");
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("upgraded from 1.0.0 (schema 1) to 1.1.0 (schema 2)"), "{said}");
    world.stands_at("1.1.0", 2);
}

#[test]
fn enter_alone_is_no_yes() {
    let world = World::installed(&[OLD, NEW]);
    let mut dialogue = Dialogue::with_installer(&world, &["upgrade"]);
    dialogue.hears("Upgrade from 1.0.0 (schema 1) to 1.1.0?").types(ENTER);
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not agreed: nothing was changed"), "{said}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn an_interrupt_at_the_question_changes_nothing() {
    let world = World::installed(&[OLD, NEW]);
    let mut dialogue = Dialogue::with_installer(&world, &["upgrade"]);
    dialogue.hears("Upgrade from 1.0.0 (schema 1) to 1.1.0?").types(CONTROL_C);
    let (code, said) = dialogue.ends();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn who_is_kept_out_by_a_question_is_told_that_it_waits_and_how_to_end_it() {
    let world = upgraded();
    let mut dialogue = Dialogue::with_installer(&world, &["rollback"]);
    dialogue.hears("How to go back to 1.0.0").hears("restore");
    let kept_out = world.run(&["upgrade", "--yes", "--json"]).expect(7).json();
    let message = kept_out["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("`rollback`, process ") && message.contains("; it waits for an answer since 20"),
        "{message}"
    );
    let status = world.run(&["status"]).expect(0).stdout;
    assert!(status.contains("under way  `rollback`, process "), "{status}");
    let remedy = kept_out["error"]["remedy"].as_str().unwrap();
    let (_, kill) = remedy.split_once('`').unwrap();
    let (kill, _) = kill.split_once('`').unwrap();
    assert!(Command::new("sh").args(["-c", kill]).status().unwrap().success(), "{remedy}");
    assert_eq!(dialogue.ends().0, 1);
    stands_upgraded(&world);
}

#[test]
fn without_a_terminal_and_without_yes_a_change_is_refused() {
    let world = upgraded();
    for arguments in [&["rollback"][..], &["rollback", "--strategy", "down"], &["rollback", "--to", "1.0"]] {
        let refused = world.run(&[arguments, &["--json"]].concat()).expect(3).json();
        assert_eq!(refused["refusals"][0]["code"], "no-terminal", "{refused:#}");
        assert!(refused["refusals"][0]["remedy"].as_str().unwrap().contains("--yes"));
    }
    stands_upgraded(&world);
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade"]).expect(3);
    world.stands_at("1.0.0", 1);
}

/// The installer in a terminal, but for its standard output, which goes to the file `stdout`.
fn redirected(world: &World, arguments: &[&str]) -> Dialogue {
    let mut shell = Command::new("sh");
    shell.args(["-c", "file=$1; shift; exec \"$@\" > \"$file\"", "sh"]).arg(world.path("stdout"));
    shell.arg(env!("CARGO_BIN_EXE_gantry-installer")).arg("--config").arg(world.path("installer.toml"));
    shell.args(arguments);
    Dialogue::with(shell)
}

#[test]
fn questions_steps_and_bars_never_go_to_standard_output() {
    let world = World::installed(&[OLD, NEW]);
    let mut dialogue = redirected(&world, &["upgrade"]);
    dialogue.hears("Upgrade from").types("y").hears("rehearse");
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    let stdout = std::fs::read_to_string(world.path("stdout")).unwrap();
    assert!(stdout.starts_with("upgraded from 1.0.0 (schema 1) to 1.1.0 (schema 2)\n"), "{stdout}");
    assert!(!stdout.contains('\x1b') && !stdout.contains('\r'), "{stdout:?}");
}

#[test]
fn json_at_a_terminal_is_one_object_on_standard_output() {
    let world = upgraded();
    let mut dialogue = redirected(&world, &["rollback", "--json"]);
    dialogue.hears("How to go back").hears("restore").types(ENTER).hears("by down").types("y");
    let (code, said) = dialogue.ends();
    assert_eq!(code, 0, "{said}");
    let stdout = std::fs::read_to_string(world.path("stdout")).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((answer["command"].as_str(), answer["outcome"].as_str()), (Some("rollback"), Some("done")));
    assert!(!stdout.contains('\x1b'), "{stdout:?}");
}
