//! Whether a package's script may stop and start the service here: image builds, chroots and containers without a manager
//! must be left alone, and so must a machine whose administrator forbids it by `policy-rc.d`, as invoke-rc.d(8) asks it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::{Result, ServiceError};
use crate::config::{self, Manager};
use crate::sys::fs;
use crate::sys::process::{Environment, Program};
use crate::sys::signal::Interrupt;

/// How long the policy may take for its answer.
const POLICY_TIMEOUT: Duration = Duration::from_secs(30);

static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// Looks for systemd and for the policy under another root than `/`: the door of the tests.
pub fn look_under(root: PathBuf) {
    let _ = ROOT.set(root);
}

/// Whom a start of the service depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whether the manager is there.
    Manager,
    /// The same, and what the administrator says of scripts that start services.
    Administrator,
}

/// Why the service cannot be stopped and started here; nothing where it can.
///
/// Commands of the operator are always there, and no policy knows of them.
///
/// # Errors
/// Where the policy cannot be asked.
pub fn denied(config: &config::Service, policy: Policy) -> Result<Option<String>> {
    let Manager::Systemd { unit, .. } = &config.manager else { return Ok(None) };
    let root = ROOT.get().map_or(Path::new("/"), PathBuf::as_path);
    // As sd_booted(3) tells it.
    let booted = root.join("run/systemd/system");
    if !fs::exists(&booted)? {
        return Ok(Some("systemd does not run here: there is no `/run/systemd/system`".to_owned()));
    }
    let file = root.join("usr/sbin/policy-rc.d");
    if policy == Policy::Manager || !fs::exists(&file)? {
        return Ok(None);
    }
    let interrupt = Interrupt::never();
    let argv = vec![file.into(), unit.into(), "restart".into()];
    let program = Program { argv, environment: Environment::Inherited, timeout: POLICY_TIMEOUT, interrupt: &interrupt };
    let answer = program.run().map_err(ServiceError::from)?;
    Ok(match answer.status.code() {
        Some(0 | 104) => None,
        Some(101) => Some(format!("`/usr/sbin/policy-rc.d` forbids to restart {unit}")),
        // Whatever it means, it is no permission.
        _ => Some(format!("`/usr/sbin/policy-rc.d` did not allow to restart {unit}: {}", answer.summary())),
    })
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own world")]
mod tests {
    use super::*;
    use crate::sys::service::stand_in::write_program;

    fn service(manager: Manager) -> config::Service {
        config::Service { manager, stop_timeout: Duration::from_secs(1) }
    }

    // One test, as the root is that of the whole process.
    #[test]
    fn only_who_has_a_manager_and_the_administrators_permission_may_restart_a_unit() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        look_under(root.to_owned());
        let unit = service(Manager::Systemd { unit: "gantry.service".to_owned(), also: Vec::new() });
        let reason = |policy| denied(&unit, policy).unwrap();
        assert!(reason(Policy::Manager).unwrap().contains("systemd does not run here"));
        std::fs::create_dir_all(root.join("run/systemd/system")).unwrap();
        assert_eq!(reason(Policy::Administrator), None);
        std::fs::create_dir_all(root.join("usr/sbin")).unwrap();
        let policy = root.join("usr/sbin/policy-rc.d");
        for (code, allowed) in [(0, true), (104, true), (101, false), (1, false), (105, false)] {
            write_program(&policy, &format!("#!/bin/sh\n[ \"$*\" = 'gantry.service restart' ] && exit {code}\n"));
            assert_eq!(reason(Policy::Administrator).is_none(), allowed, "{code}");
        }
        assert_eq!(reason(Policy::Manager), None);
        assert_eq!(denied(&service(Manager::None), Policy::Administrator).unwrap(), None);
    }
}
