//! Another user owns the directory of the database, or of what the installer keeps, and plants something there.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{Answer, NEW, OLD, World, answer};

const UPGRADE: [&str; 3] = ["upgrade", "--yes", "--json"];
/// Somebody whom root does not trust.
const NOBODY: u32 = 65534;

/// As another user, one cannot give files away: then there is nothing to be tried.
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: only root can be another user's victim");
    }
    root
}

/// A machine whose database, and the directory that it lies in, belong to `nobody`; and a file of root's that nobody else
/// may change.
fn world() -> (World, PathBuf) {
    let world = World::installed(&[OLD, NEW]);
    chown(world.path("data"), Some(NOBODY), Some(NOBODY)).unwrap();
    chown(world.database(), Some(NOBODY), Some(NOBODY)).unwrap();
    let victim = world.path("victim");
    std::fs::write(&victim, "root's own").unwrap();
    std::fs::set_permissions(&victim, std::fs::Permissions::from_mode(0o600)).unwrap();
    (world, victim)
}

/// Runs the installer. What hangs is ended, and answers nothing.
fn run(world: &World, arguments: &[&str]) -> Answer {
    let installer = world.command(arguments);
    let mut command = Command::new("timeout");
    command.args(["--kill-after=1", "60"]).arg(installer.get_program()).args(installer.get_args()).env("NO_COLOR", "1");
    answer(command)
}

fn work(world: &World) -> PathBuf {
    world.path("data/.gantry-installer-notes")
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[track_caller]
fn is_untouched(victim: &Path) {
    let found = std::fs::metadata(victim).unwrap();
    assert_eq!(std::fs::read_to_string(victim).unwrap(), "root's own");
    assert_eq!((found.uid(), found.mode() & 0o7777), (0, 0o600));
}

/// The command failed before anything was changed, and said what stands in its way.
#[track_caller]
fn stopped_by(answer: &Answer, word: &str) {
    assert!(matches!(answer.code, 1 | 3), "{answer:#?}");
    assert!(answer.stdout.contains(word), "no `{word}` in {answer:#?}");
}

#[test]
fn a_work_directory_that_leads_elsewhere_is_not_followed() {
    if !is_root() {
        return;
    }
    let (world, victim) = world();
    let elsewhere = world.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::remove_dir_all(work(&world)).unwrap();
    symlink(&elsewhere, work(&world)).unwrap();
    stopped_by(&run(&world, &UPGRADE), "work-directory");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    is_untouched(&victim);
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_work_directory_that_another_user_made_is_not_worked_in() {
    if !is_root() {
        return;
    }
    let (world, victim) = world();
    std::fs::remove_dir_all(work(&world)).unwrap();
    std::fs::create_dir(work(&world)).unwrap();
    for name in [".owner.json.new", "owner.json", "000002-upgrade-1.1.0.new", "scratch-rehearsal.db"] {
        symlink(&victim, work(&world).join(name)).unwrap();
    }
    chown(work(&world), Some(NOBODY), Some(NOBODY)).unwrap();
    stopped_by(&run(&world, &UPGRADE), "user 65534 owns it");
    is_untouched(&victim);
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_work_directory_that_others_may_write_to_is_not_worked_in() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::set_permissions(work(&world), std::fs::Permissions::from_mode(0o777)).unwrap();
    stopped_by(&run(&world, &UPGRADE), "nobody else may write there");
    std::fs::set_permissions(work(&world), std::fs::Permissions::from_mode(0o755)).unwrap();
    run(&world, &UPGRADE).expect(0);
    assert_eq!(std::fs::metadata(work(&world)).unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn what_is_planted_under_any_name_of_the_work_directory_is_never_written_into() {
    if !is_root() {
        return;
    }
    // Some of these stop the upgrade and some are removed: what they lead to is not touched by any.
    let of_run = ["new", "new-journal", "old", "abandoned"].map(|name| format!("000002-upgrade-1.1.0.{name}"));
    let names = ["owner.json", ".owner.json.new", "scratch-link-from", "scratch-rehearsal.db"].map(str::to_owned);
    let plants: [fn(&Path, &Path); 3] = [
        |victim, at| symlink(victim, at).unwrap(),
        |victim, at| std::fs::hard_link(victim, at).unwrap(),
        |_, at| pipe(at),
    ];
    for plant in plants {
        for name in names.iter().chain(&of_run) {
            let (world, victim) = world();
            let place = work(&world).join(name);
            let _ = std::fs::remove_file(&place);
            plant(&victim, &place);
            let answer = run(&world, &UPGRADE);
            assert!(matches!(answer.code, 0 | 1 | 3), "{name}: {answer:#?}");
            is_untouched(&victim);
            assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 3);
        }
    }
}

#[test]
fn a_pipe_in_the_place_of_the_database_or_beside_it_holds_nobody_up() {
    for name in ["notes.db", "notes.db-journal", "notes.db-wal", "notes.db-shm"] {
        let world = World::installed(&[OLD, NEW]);
        world.stop_service();
        let place = world.path("data").join(name);
        let _ = std::fs::remove_file(&place);
        pipe(&place);
        stopped_by(&run(&world, &UPGRADE), "not a regular file");
        let status = run(&world, &["status", "--json"]);
        assert!(status.stdout.contains("not a regular file"), "{name}: {status:#?}");
    }
}

#[test]
fn directories_that_another_user_owns_or_everybody_may_write_to_are_not_worked_with() {
    let (world, victim) = if is_root() { world() } else { return };
    for (place, key) in [("state", "install.state"), ("root", "install.root"), ("backups", "backup.dir")] {
        let directory = world.path(place);
        chown(&directory, Some(NOBODY), None).unwrap();
        for command in
            [&UPGRADE[..], &["rollback", "--yes", "--json"], &["recover", "--json"], &["backup", "create", "--json"]]
        {
            let answer = run(&world, command).expect(3);
            assert!(answer.stdout.contains("belongs to user 65534") && answer.stdout.contains(key), "{answer:#?}");
        }
        chown(&directory, Some(0), None).unwrap();
        let mode = std::fs::metadata(&directory).unwrap().permissions();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o1777)).unwrap();
        let answer = run(&world, &UPGRADE).expect(3);
        assert!(answer.stdout.contains("everybody may write"), "{answer:#?}");
        std::fs::set_permissions(&directory, mode).unwrap();
    }
    is_untouched(&victim);
    world.stands_at("1.0.0", 1);
    world.run(&UPGRADE).expect(0);
}

/// What somebody plants in the place of the work directory `$W` at the moment that the service is stopped, so that the room
/// that an undo gives back is looked for in `$V`.
const IN_PLACE_OF_THE_ROOM: [&str; 3] = [
    "mkdir $W && ln -s $V $W/.reserve",
    "ln -s $V.around $W",
    "mkdir $W && ln -s $V $W/.reserve && chown -h 65534 $W $W/.reserve",
];

#[test]
fn what_is_planted_while_the_service_stops_gives_no_room_and_keeps_nothing_down() {
    for plant in &IN_PLACE_OF_THE_ROOM[..if is_root() { 3 } else { 2 }] {
        let world = World::installed(&[OLD, NEW]);
        let (victim, around) = (world.path("victim"), world.path("victim.around"));
        std::fs::create_dir_all(victim.join("directory")).unwrap();
        std::fs::create_dir_all(around.join(".reserve")).unwrap();
        let names = ["000", "001", "002", "003"];
        for name in names {
            std::fs::write(victim.join(name), "root's own").unwrap();
            std::fs::write(around.join(".reserve").join(name), "root's own").unwrap();
        }
        if is_root() {
            chown(world.path("data"), Some(NOBODY), Some(NOBODY)).unwrap();
            chown(world.database(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let variables = format!("W={} V={}", work(&world).display(), victim.display());
        let planting = format!("{variables}; if test ! -e $W.mine; then mv $W $W.mine && {plant}; fi; if grep");
        world.replace("\"-c\", \"if grep", &format!("\"-c\", \"{planting}"));

        let answer = run(&world, &UPGRADE);
        assert!(matches!(answer.code, 1 | 4 | 5), "{plant}: {answer:#?}");
        for directory in [&victim, &around.join(".reserve")] {
            for name in names {
                assert!(directory.join(name).exists(), "{plant}: {name} is gone: {answer:#?}");
            }
        }
        // Nothing was exchanged, and what ran before runs again, though the copy cannot be put away.
        world.stands_at("1.0.0", 1);
        let _ = std::fs::remove_file(work(&world));
        let _ = std::fs::remove_dir_all(work(&world));
        std::fs::rename(world.path("data/.gantry-installer-notes.mine"), work(&world)).unwrap();
        run(&world, &["recover", "--json"]).expect(0);
        world.stands_at("1.0.0", 1);
        assert!(!work(&world).join(".reserve").exists(), "{plant}");
    }
}

#[test]
fn a_state_directory_that_another_users_symlink_leads_to_is_not_worked_with() {
    let (world, _) = if is_root() { world() } else { return };
    let elsewhere = world.path("elsewhere");
    std::fs::rename(world.path("state"), &elsewhere).unwrap();
    symlink(&elsewhere, world.path("state")).unwrap();
    std::os::unix::fs::lchown(world.path("state"), Some(NOBODY), None).unwrap();
    stopped_by(&run(&world, &UPGRADE), "belongs to user 65534");
    std::os::unix::fs::lchown(world.path("state"), Some(0), None).unwrap();
    run(&world, &UPGRADE).expect(0);
}
