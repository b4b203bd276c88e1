//! The edge: arguments, environment, terminal, exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use gantry_installer::cli;
use gantry_installer::sys::seam;

#[allow(clippy::disallowed_methods, reason = "this is the edge")]
fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if cfg!(debug_assertions) {
        // The tests of the crash proof kill the program at each of its operations.
        let number = std::env::var("GANTRY_INSTALLER_DIE_AT").ok().and_then(|text| text.parse().ok());
        number.into_iter().for_each(seam::arm);
    }
    let outcome = std::panic::catch_unwind(|| cli::main(words.clone())).unwrap_or_else(|_| cli::broken(&words));
    ExitCode::from(outcome.code())
}
