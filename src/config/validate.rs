//! From the written form to the one that the rest relies on, with the defaults.

use std::path::PathBuf;
use std::time::Duration;

use super::error::{ConfigError, placed};
use super::raw::{Raw, RawHealth, RawService};
use super::read::is_told;
use super::values::{Command, Seconds};
use super::{
    Config, Database, ForeignKeys, Format, Health, Manager, ManifestSource, OnCrash, OnFailure, Probe, Service, Wrap,
};
use crate::layout::Layout;

/// Reads a configuration.
///
/// # Errors
/// What is wrong, with its line where it has one: that it is no TOML, or all keys and values that cannot be used.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let (raw, mut faults) = Raw::read(text)?;
    let of_values: Vec<_> = raw.unsupported().into_iter().chain(raw.unusable()).collect();
    let new: Vec<_> = of_values.into_iter().filter(|fault| !is_told(&faults, &fault.key)).collect();
    faults.extend(new);
    if faults.is_empty() { Ok(raw.checked()) } else { Err(placed(text, faults)) }
}

impl Raw {
    /// The configuration, of values that are without fault.
    fn checked(self) -> Config {
        let product = self.product.0;
        let layout = Layout {
            root: self.install.root,
            state: self.install.state.unwrap_or_else(|| PathBuf::from("/var/lib/gantry-installer").join(&product)),
            binary: self.install.binary.unwrap_or_else(|| PathBuf::from("bin").join(&product)),
            backups: self.backup.dir.unwrap_or_else(|| PathBuf::from("/var/backups").join(&product)),
            product: product.clone(),
        };
        let database = Database {
            format: Format::of_product(&self.database.format).unwrap_or_default(),
            migrator: self.database.migrator().unwrap_or_default(),
            path: self.database.url.0,
            foreign_keys: if self.database.foreign_keys { ForeignKeys::Enforced } else { ForeignKeys::Ignored },
            table: self.database.table,
            wrap: if self.database.no_tx_wrap { Wrap::Nothing } else { Wrap::Transaction },
            owner: self.database.owner,
        };
        let fill = |command: Command| command.fill(&layout, &database.path);
        let service = self.service.checked(&product, &fill);
        let health = self.health.checked(&fill);
        Config {
            keep_versions: self.install.keep.unwrap_or(3),
            manifest: ManifestSource {
                url: self.manifest.url.0,
                keys: self.manifest.keys,
                channel: self.manifest.channel.unwrap_or_else(|| "stable".to_owned()),
                ca_file: self.manifest.ca_file,
            },
            keep_backups: self.backup.keep.unwrap_or(5),
            max_backup_bytes: self.backup.max_bytes.map_or(20 << 30, |bytes| bytes.0),
            on_failure: self.package.on_failure().unwrap_or(OnFailure::Fail),
            product,
            layout,
            database,
            service,
            health,
        }
    }
}

/// The word of `service.manager`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Systemd,
    Command,
    None,
}

impl RawService {
    fn checked(self, product: &str, fill: &dyn Fn(Command) -> Vec<String>) -> Service {
        let manager = match (self.kind(), self.start, self.stop, self.status) {
            (Ok(Kind::Systemd), ..) => Manager::Systemd {
                unit: self.unit.unwrap_or_else(|| format!("{product}.service")),
                also: self.also.unwrap_or_default(),
            },
            (Ok(Kind::Command), Some(start), Some(stop), Some(status)) => {
                Manager::Command { start: fill(start), stop: fill(stop), status: fill(status), pid_file: self.pid_file }
            }
            _ => Manager::None,
        };
        Service { manager, stop_timeout: self.stop_timeout.unwrap_or(Seconds::MINUTE).0 }
    }
}

impl RawHealth {
    fn checked(self, fill: &dyn Fn(Command) -> Vec<String>) -> Health {
        let on_crash = self.on_crash().unwrap_or(OnCrash::Report);
        let probe = match (self.url, self.command) {
            (Some(url), _) => Probe::Url(url),
            (None, Some(command)) => Probe::Command(fill(command)),
            (None, None) => Probe::Alive,
        };
        Health {
            probe,
            timeout: self.timeout.unwrap_or(Seconds::MINUTE).0,
            probation: self.probation.map_or(Duration::ZERO, |time| time.0),
            on_crash,
        }
    }
}

#[cfg(test)]
mod tests;
