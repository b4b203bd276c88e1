//! What is cut: an operation, the machine that it is tried on, and what must have become of it.

use std::os::unix::process::CommandExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::crash::interrupted::{Run, Seen};
use crate::crash::proof;
use crate::crash::sweep::Sweep;
use crate::world::World;
use gantry_installer::journal::Event;

/// How a power cut ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Old,
    New,
    /// What no power cut may do.
    Bad(String),
}

pub struct Subject {
    pub sweep: Sweep,
    /// How large its database is, about.
    pub mebibytes: u64,
    pub make: fn(&Path) -> World,
}

impl Subject {
    /// Brings the machine up again and looks at it. `answered` is the exit code that the operation was seen to end with.
    pub fn verdict(&self, world: &World, past: Option<&str>, answered: Option<i32>) -> Verdict {
        let context = self.sweep.name;
        let looked = catch_unwind(AssertUnwindSafe(|| {
            let seen = Seen { started: started(world, past) };
            world.run(&["recover", "--json"]).expect(0);
            boot(world);
            let is_new = self.is_new(world);
            let stand = if is_new { &self.sweep.new } else { &self.sweep.old };
            proof::wholly(stand, &seen, world, context);
            is_new
        }));
        match (looked, answered) {
            (Ok(false), Some(0)) => {
                Verdict::Bad("it had answered 0, and everything is OLD: a lost acknowledgement".into())
            }
            (Ok(true), Some(code)) if code != 0 => {
                Verdict::Bad(format!("it had answered {code}, and everything is NEW"))
            }
            (Ok(true), _) => Verdict::New,
            (Ok(false), _) => Verdict::Old,
            (Err(panic), _) => Verdict::Bad(words(panic.as_ref())),
        }
    }

    pub fn name(&self) -> &str {
        self.sweep.name
    }

    pub fn arguments(&self) -> &[&str] {
        self.sweep.arguments
    }

    pub fn code(&self) -> i32 {
        self.sweep.code
    }

    fn is_new(&self, world: &World) -> bool {
        let Sweep { old, new, .. } = &self.sweep;
        if old.release != new.release {
            return world.current().as_deref() == new.release.map(|(version, _)| version);
        }
        let listed = std::fs::read_dir(world.path("backups")).unwrap().map(Result::unwrap);
        listed.filter(|backup| backup.path().join("backup.json").exists()).count() == new.backups.len()
    }

    /// The last run before the operation.
    pub fn past(&self, world: &World) -> Option<String> {
        Run::last(world).map(|run| run.name)
    }
}

/// Whether the journal says that the new service may have written.
fn started(world: &World, past: Option<&str>) -> bool {
    let run = Run::last(world).filter(|run| Some(run.name.as_str()) != past);
    let is_start = |run: &Run, event: &Event| matches!(event, Event::Intend { step } if run.step(*step) == "start");
    run.is_some_and(|run| run.events.iter().any(|event| is_start(&run, event)))
}

/// As a service manager does once the machine is up, behind the recovery.
pub fn boot(world: &World) {
    if world.current().is_some() && world.answers().is_none() {
        start(world);
    }
}

/// With nobody left to wait for its end.
fn start(world: &World) {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" &", "sh"]).arg(env!("CARGO_BIN_EXE_gantry-installer")).arg("--config");
    command.arg(world.path("installer.toml")).args(["gate", "--"]).arg(world.path("root/current/bin/notes"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{}", world.port), "--database"]).arg(world.database());
    command.arg("--pid-file").arg(world.path("notes.pid")).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    assert!(command.process_group(0).status().unwrap().success());
    let patience = Instant::now() + Duration::from_secs(20);
    while world.answers().is_none() {
        assert!(Instant::now() < patience, "the service does not start: {:?}", world.processes());
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
