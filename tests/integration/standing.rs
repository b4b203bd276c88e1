//! An installer that stands still before one of its operations, so that the world can change under it.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::world::Answer;

pub struct Standing(Child);

impl Standing {
    /// Starts it; it will stand still before its operation of that number, if it comes so far.
    pub fn before(point: u64, mut command: Command) -> Self {
        command.env("GANTRY_INSTALLER_SIGNAL_AT", format!("{point} {}", Signal::STOP.as_raw()));
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Waits until it stands still, or has ended before it got there.
    pub fn stands(&self) -> bool {
        let looked = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), looked).unwrap().unwrap().stopped()
    }

    /// Its number.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Lets it go on, to its end.
    pub fn goes_on(self) -> Answer {
        kill_process(self.pid(), Signal::CONT).unwrap();
        Answer::of(self.0.wait_with_output().unwrap())
    }
}
