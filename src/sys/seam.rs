//! The seam at which faults enter: every operation that changes something outside passes here first.
//!
//! In normal life passing is one relaxed addition. A test arms it through the edge of the program, and the process
//! then signals itself at the chosen operation: dies as under `kill -9`, where nothing is flushed and no destructor
//! runs; is asked to end; or stands still, so that the world can change under it. What a server does not do is a fault as
//! well, and a test has less time for it.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

static PASSED: AtomicU64 = AtomicU64::new(0);
static CHOSEN: AtomicU64 = AtomicU64::new(0);
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static HASTE: AtomicU32 = AtomicU32::new(1);

/// Announces an operation that changes something outside; must stand directly before it.
pub fn cross(operation: &str) {
    let number = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if number == CHOSEN.load(Ordering::Relaxed) {
        fire(number, operation);
    }
}

/// Makes the process die at its `number`th operation, counted from 1 and from the start of the process.
pub fn arm(number: u64) {
    arm_with(number, Signal::KILL.as_raw());
}

/// The same with another signal, by its number; one that is no signal's does nothing.
pub fn arm_with(number: u64, signal: i32) {
    SIGNAL.store(signal, Ordering::Relaxed);
    CHOSEN.store(number, Ordering::Relaxed);
}

/// From now on every wait for a server is so many times shorter.
pub fn hasten(times: u32) {
    HASTE.store(times.max(1), Ordering::Relaxed);
}

/// How long a server is waited for, where `usual` is how long an operator would.
pub fn patience(usual: Duration) -> Duration {
    usual / HASTE.load(Ordering::Relaxed)
}

#[allow(clippy::print_stderr, reason = "only a test ever gets here, and it must see that its fault fired")]
fn fire(number: u64, operation: &str) {
    let Some(signal) = Signal::from_named_raw(SIGNAL.load(Ordering::Relaxed)) else { return };
    let verb = if signal == Signal::KILL { "killed" } else { "signalled" };
    eprintln!("{verb} before operation {number}: {operation}");
    let _ = kill_process(getpid(), signal);
}
