//! The power is back: the machine comes up, and what stands there is looked at.

use std::time::{Duration, Instant};

use crate::ends::{Ends, settled};
use crate::stage::Stage;
use crate::verdict::{Expected, Verdict};

/// Recovers, starts the service as a manager does after that, and judges. `answered` is the exit code that the operation
/// was seen to end with, if it was.
pub fn settle(stage: &Stage, expected: &Expected, answered: Option<i32>, ends: &Ends) -> Verdict {
    let recovered = stage.world.run(&["recover", "--json"]);
    if recovered.code != 0 {
        return Verdict::Bad(format!("recover says {recovered:#?}"));
    }
    if let Err(words) = boot(stage) {
        return Verdict::Bad(format!("the service does not start after the recovery: {words}"));
    }
    match (ends.judge(settled(stage), || expected.judge(stage)), answered) {
        (Verdict::Old, Some(0)) => {
            Verdict::Bad("it had answered 0, and everything is OLD: a lost acknowledgement".into())
        }
        (verdict, _) => verdict,
    }
}

/// Starts what is installed, through the gate, unless the recovery did.
fn boot(stage: &Stage) -> Result<(), String> {
    let world = &stage.world;
    if world.current().is_none() || world.answers().is_some() {
        return Ok(());
    }
    let listen = format!("127.0.0.1:{}", world.port);
    let mut words = vec![env!("CARGO_BIN_EXE_gantry-installer").into(), "--config".into()];
    words.extend([world.path("installer.toml").into(), "gate".into(), "--".into()]);
    words.extend([world.path("root/current/bin/notes").into(), "serve".into(), "--listen".into(), listen.into()]);
    words.extend(["--database".into(), world.database().into()]);
    words.extend(["--pid-file".into(), world.path("notes.pid").into()]);
    stage.launcher.try_run(&words)?;
    let patience = Instant::now() + Duration::from_secs(20);
    while world.answers().is_none() {
        if Instant::now() > patience || world.processes().is_empty() {
            return Err("it never answers".to_owned());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
