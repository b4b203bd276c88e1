//! The edge: arguments, environment, terminal, exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use gantry_installer::cli;
use gantry_installer::sys::seam;
use gantry_installer::sys::service::control;

/// musl's own allocator gives what is freed back to the kernel at once, and asks for it again: twice the time for a large manifest.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[allow(clippy::disallowed_methods, reason = "this is the edge")]
fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if cfg!(debug_assertions) {
        // The tests kill the program at each of its operations, or send it another signal there: `NUMBER SIGNAL`.
        let words = |name| std::env::var(name).unwrap_or_default();
        words("GANTRY_INSTALLER_DIE_AT").parse().into_iter().for_each(seam::arm);
        words("GANTRY_INSTALLER_HASTE").parse().into_iter().for_each(seam::hasten);
        std::env::var_os("GANTRY_INSTALLER_HOST").into_iter().for_each(|root| control::look_under(root.into()));
        if let Some((number, signal)) = words("GANTRY_INSTALLER_SIGNAL_AT").split_once(' ') {
            number.parse().into_iter().zip(signal.parse()).for_each(|(number, signal)| seam::arm_with(number, signal));
        }
    }
    stop_at_bugs(words.clone());
    ExitCode::from(cli::main(words).code())
}

/// A panic is a bug, and like a kill: nothing is undone on the way out, and `recover` ends what it leaves. So the program that is
/// released has no tables for unwinding, which would be a tenth of it.
#[allow(clippy::disallowed_methods, reason = "this is the edge")]
fn stop_at_bugs(words: Vec<OsString>) {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(cli::broken(&words).code().into());
    }));
}
