//! The seam at which faults enter: every operation that changes something outside passes here first.
//!
//! In normal life passing is one relaxed addition. A test arms it through the edge of the program, and the process
//! then dies at the chosen operation as under `kill -9`: nothing is flushed, no destructor runs.

use std::sync::atomic::{AtomicU64, Ordering};

static PASSED: AtomicU64 = AtomicU64::new(0);
static FATAL: AtomicU64 = AtomicU64::new(0);

/// Announces an operation that changes something outside; must stand directly before it.
pub fn cross(operation: &str) {
    let number = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if number == FATAL.load(Ordering::Relaxed) {
        die(number, operation);
    }
}

/// Makes the process die at its `number`th operation, counted from 1 and from the start of the process.
pub fn arm(number: u64) {
    FATAL.store(number, Ordering::Relaxed);
}

#[allow(clippy::print_stderr, reason = "only a test ever gets here, and it must see that its fault fired")]
fn die(number: u64, operation: &str) {
    eprintln!("killed before operation {number}: {operation}");
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}
