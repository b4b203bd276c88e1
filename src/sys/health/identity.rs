//! Whether it is the new service that answers, and not the old one, a cache, or somebody else on its port.

use std::path::Path;

use super::{Expectation, HealthError, Silence};
use crate::sys::fs;
use crate::sys::process::{Process, ProcessError};
use crate::sys::service::{Service, ServiceError, State};
use crate::version::Version;

/// Why a start is not proven yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    NotWell(String),
    WrongVersion(String),
    WrongProcess(String),
}

/// What speaks against a good answer with this `version`, while `main` is the main process that the manager names.
pub(super) fn doubt(
    expected: &Expectation<'_>,
    service: &Service,
    main: Option<Process>,
    version: Option<&str>,
) -> Result<Option<Doubt>, HealthError> {
    if let Some(answered) = version
        && !is_version(answered, expected.version)
    {
        return Ok(Some(Doubt::WrongVersion(answered.to_owned())));
    }
    let program = main.map(|main| program(main, expected)).transpose().map_err(ServiceError::from)?;
    Ok(match program {
        Some(Program::Release) => None,
        Some(Program::Old) => Some(wrong("the main process is the one from before the stop")),
        Some(Program::Other(text)) => Some(wrong(&text)),
        Some(Program::Ended) => Some(wrong("the main process has ended")),
        // Nothing but the circumstances shows whose answer it is.
        Some(Program::Script) | None => match (expected.silence, version) {
            (Silence::Unproven, _) => Some(wrong(
                "no main process runs the release's program, and before the start something held the database or \
                 answered at the health address",
            )),
            (Silence::Proven, Some(_)) => None,
            (Silence::Proven, None) => match service.state()? {
                State::Running { .. } => None,
                State::Stopped | State::Failed | State::Unmanaged => {
                    Some(wrong("the service's manager says that it does not run"))
                }
            },
        },
    })
}

/// Which program the main process runs.
enum Program {
    /// One from inside the release.
    Release,
    /// An interpreter or a wrapper, with a file from inside the release among its arguments.
    Script,
    Old,
    Other(String),
    Ended,
}

fn program(main: Process, expected: &Expectation<'_>) -> Result<Program, ProcessError> {
    if expected.before == Some(main) {
        return Ok(Program::Old);
    }
    let Some(executable) = main.executable()? else { return Ok(Program::Ended) };
    if is_inside(&executable, expected.directory) {
        return Ok(Program::Release);
    }
    let arguments = main.arguments()?;
    // Relative ones are relative to a directory that is not ours.
    let mut paths = arguments.iter().map(Path::new).filter(|path| path.is_absolute());
    if paths.any(|path| is_inside(path, expected.directory)) {
        return Ok(Program::Script);
    }
    Ok(Program::Other(format!("process {} runs `{}`", main.pid, executable.display())))
}

/// With symlinks resolved, such as `current`. What cannot be resolved is compared as it is: a program may have been
/// removed since it was started.
fn is_inside(path: &Path, directory: &Path) -> bool {
    let real = |path: &Path| fs::real_path(path).unwrap_or_else(|_| path.to_owned());
    real(path).starts_with(real(directory))
}

/// As releases are tagged, with or without a `v` before it.
pub(crate) fn is_version(answered: &str, version: &Version) -> bool {
    answered.strip_prefix('v').unwrap_or(answered) == version.to_string()
}

fn wrong(text: &str) -> Doubt {
    Doubt::WrongProcess(text.to_owned())
}

impl Doubt {
    pub(super) fn into_error(self, expected: &Expectation<'_>, after_ms: u64) -> HealthError {
        match self {
            Self::NotWell(last) => HealthError::NotWell { after_ms, last },
            Self::WrongProcess(reason) => HealthError::WrongProcess { after_ms, reason },
            Self::WrongVersion(answered) => {
                HealthError::WrongVersion { after_ms, expected: expected.version.clone(), answered }
            }
        }
    }
}
