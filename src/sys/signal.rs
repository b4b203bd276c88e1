//! Signals that ask a run to end. They set a flag: what is under way is finished or undone, never torn.

#![allow(clippy::disallowed_methods, reason = "this is one of the places that look at /proc")]

use std::fmt;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::libc::{SIGHUP, SIGINT, SIGTERM};

/// A signal that asks for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C at a terminal.
    Interrupt,
    /// SIGTERM: a service manager or a shutdown.
    Terminate,
    /// SIGHUP: the terminal went away.
    HangUp,
}

/// Whether the end was asked for. Clones share one answer, and further signals change nothing.
#[derive(Clone, Debug)]
pub struct Interrupt(Option<Arc<Raised>>);

#[derive(Debug)]
struct Raised {
    // Shared with the signal handlers; 0 until the first signal.
    number: Arc<AtomicUsize>,
    // Gets a byte with each signal and is never read, so it stays readable from the first on.
    heard: UnixStream,
}

impl Interrupt {
    /// Listens to SIGINT, SIGTERM and SIGHUP from now on, for the rest of the process's life. A signal that is
    /// ignored at the start (`nohup`, a shell's background job) stays ignored.
    ///
    /// # Errors
    /// What the system says when a handler cannot be set.
    pub fn install() -> io::Result<Self> {
        let (heard, voice) = UnixStream::pair()?;
        let number = Arc::new(AtomicUsize::new(0));
        let ignored = ignored_signals(&std::fs::read_to_string("/proc/self/status")?)?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored >> (signal - 1) & 1 == 1 {
                continue;
            }
            // In this order: whoever is woken finds the number there.
            let as_number = usize::try_from(signal).map_err(io::Error::other)?;
            signal_hook::flag::register_usize(signal, Arc::clone(&number), as_number)?;
            signal_hook::low_level::pipe::register(signal, voice.try_clone()?)?;
        }
        Ok(Self(Some(Arc::new(Raised { number, heard }))))
    }

    /// For what must not be interrupted, such as an undo: nothing is ever requested.
    pub fn never() -> Self {
        Self(None)
    }

    /// The signal that asked for the end, if one came; of several the last one.
    pub fn requested(&self) -> Option<Signal> {
        let raised = self.0.as_ref()?;
        match i32::try_from(raised.number.load(Ordering::SeqCst)).ok()? {
            SIGINT => Some(Signal::Interrupt),
            SIGTERM => Some(Signal::Terminate),
            SIGHUP => Some(Signal::HangUp),
            _ => None,
        }
    }

    /// Readable as soon as the end is requested; for `sys::events`.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(|raised| raised.heard.as_fd())
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        })
    }
}

/// The mask `SigIgn` of `/proc/PID/status` (proc_pid_status(5)); bit 0 is signal 1.
fn ignored_signals(status: &str) -> io::Result<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.ok_or_else(|| io::Error::other("`/proc/self/status` has no line `SigIgn`"))?;
    u64::from_str_radix(mask.trim(), 16).map_err(io::Error::other)
}

#[cfg(test)]
pub(crate) mod pretend {
    use std::io::Write as _;

    use super::*;

    /// An interrupt that only this test raises, by the returned function.
    pub(crate) fn interrupt() -> (Interrupt, impl FnOnce()) {
        let (heard, mut voice) = UnixStream::pair().unwrap();
        let number = Arc::new(AtomicUsize::new(0));
        let raised = Raised { number: Arc::clone(&number), heard };
        let raise = move || {
            number.store(15, Ordering::SeqCst);
            voice.write_all(b"x").unwrap();
        };
        (Interrupt(Some(Arc::new(raised))), raise)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{Signal as Real, getpid, kill_process};

    use super::*;
    use crate::sys::events::wait_for_any;

    #[test]
    fn a_signal_is_remembered_and_wakes_whoever_waits() {
        let interrupt = Interrupt::install().unwrap();
        assert_eq!(interrupt.requested(), None);
        // Twice: the second changes nothing. The only test that sends a signal to the test process.
        for _ in 0..2 {
            // One that nobody ignores who starts tests in the background or with nohup(1).
            kill_process(getpid(), Real::TERM).unwrap();
            let woken = wait_for_any(&[interrupt.descriptor().unwrap()], Duration::from_secs(60)).unwrap();
            assert_eq!(woken, [true]);
            assert_eq!(interrupt.requested(), Some(Signal::Terminate));
        }
        assert_eq!(Interrupt::never().requested(), None);
    }

    #[test]
    fn a_signal_that_is_ignored_at_the_start_is_seen_as_such() {
        let mask = ignored_signals("Name:\tx\nSigIgn:\t0000000000001001\n").unwrap();
        assert_eq!(mask >> (SIGHUP - 1) & 1, 1);
        assert_eq!(mask >> (SIGTERM - 1) & 1, 0);
    }
}
