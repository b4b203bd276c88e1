//! From the written form to the one that the rest relies on: defaults, contradictions, what is not built yet.

use std::path::{Component, PathBuf};
use std::time::Duration;

use super::address::{has_scheme, without_secrets};
use super::error::{ConfigError, Fault, explain, placed};
use super::raw::{Raw, RawHealth, RawPackage, RawService};
use super::values::{Command, Seconds};
use super::{
    Config, Database, ForeignKeys, Format, Health, Manager, ManifestSource, OnCrash, OnFailure, Probe, Service, Wrap,
};
use crate::layout::Layout;
use crate::manifest::signature::PublicKey;
use crate::nearest::nearest;

/// Reads a configuration.
///
/// # Errors
/// What is wrong, with its line where it has one: the first thing that is no such configuration at all, or all values
/// that cannot be used.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let raw: Raw = toml::from_str(text).map_err(|error| explain(text, &error))?;
    let mut faults = raw.unsupported();
    faults.extend(raw.unusable());
    match raw.validate() {
        Ok(config) if faults.is_empty() => Ok(config),
        Ok(_) => Err(placed(text, faults)),
        Err(fault) => {
            faults.push(fault);
            Err(placed(text, faults))
        }
    }
}

impl Raw {
    /// Keys of capabilities that are not built yet, unless they are at their defaults.
    fn unsupported(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut only = |key, value: Option<String>, default: &str| {
            faults.extend(value.filter(|value| value != default).map(|value| Fault::unsupported(key, &value, default)));
        };
        // An undo may put back an older database, which a voting member must never get.
        only("cluster.voter", self.cluster.voter.map(|voter| voter.to_string()), "false");
        only("cluster.rejoin", self.cluster.rejoin.as_ref().map(|rejoin| format!("{rejoin:?}")), "[]");
        let format = self.database.format.as_str();
        if Format::of_product(format).is_err() {
            let known = Format::ALL.into_iter().chain([Format::Command]).map(Format::name);
            faults.push(unknown("database.format", format, known.collect()));
        }
        faults
    }

    /// Values that no run could do anything with.
    fn unusable(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.manifest.keys.is_empty() {
            faults
                .push(Fault::new("manifest.keys", "`manifest.keys` is empty: without a key no release can be trusted"));
        }
        for key in &self.manifest.keys {
            if let Err(error) = key.parse::<PublicKey>() {
                let message = format!("in `manifest.keys`, {error}: a key is one line that begins with RW");
                faults.push(Fault::new("manifest.keys", message));
            }
        }
        if self.database.no_tx_wrap && self.database.format != Format::GolangMigrate.name() {
            let message = "`database.no_tx_wrap` needs `database.format = \"golang-migrate\"`: other engines are told in \
                           the file";
            faults.push(Fault::new("database.no_tx_wrap", message));
        }
        faults.extend(self.health.on_crash().err());
        faults.extend(self.package.on_failure().err());
        faults.extend(self.service.kind().err());
        if self.health.probation.as_ref().is_some_and(|time| !time.0.is_zero())
            && self.service.manager.as_deref() == Some("none")
        {
            let message =
                "`health.probation` needs a `service.manager`: without one nobody tells how long the service was up";
            faults.push(Fault::new("health.probation", message));
        }
        if self.backup.keep == Some(0) {
            faults.push(Fault::new("backup.keep", "`backup.keep = 0` keeps no way back: keep at least 1"));
        }
        let paths = [("manifest.ca_file", &self.manifest.ca_file), ("service.pid_file", &self.service.pid_file)];
        for (key, path) in paths {
            faults.extend(path.clone().and_then(|path| absolute(key, path).err()));
        }
        faults
    }

    fn validate(self) -> Result<Config, Fault> {
        let product = self.product.0;
        let layout = Layout {
            root: absolute("install.root", self.install.root)?,
            state: absolute(
                "install.state",
                self.install.state.unwrap_or_else(|| PathBuf::from("/var/lib/gantry-installer").join(&product)),
            )?,
            binary: inside(
                "install.binary",
                self.install.binary.unwrap_or_else(|| PathBuf::from("bin").join(&product)),
            )?,
            backups: absolute(
                "backup.dir",
                self.backup.dir.unwrap_or_else(|| PathBuf::from("/var/backups").join(&product)),
            )?,
            product: product.clone(),
        };
        let migrator = self.database.migrator()?;
        let database = Database {
            path: absolute("database.url", self.database.url.0)?,
            // A name that is none of them has been told of already.
            format: match &migrator {
                Some(_) => Format::Command,
                None => Format::named(&self.database.format).unwrap_or_default(),
            },
            migrator,
            foreign_keys: if self.database.foreign_keys { ForeignKeys::Enforced } else { ForeignKeys::Ignored },
            table: self.database.table,
            wrap: if self.database.no_tx_wrap { Wrap::Nothing } else { Wrap::Transaction },
            owner: self.database.owner,
        };
        let fill = |command: Command| command.fill(&layout, &database.path);
        let service = self.service.validate(&product, &fill)?;
        let health = self.health.validate(&fill)?;
        Ok(Config {
            keep_versions: self.install.keep.unwrap_or(3),
            manifest: ManifestSource {
                url: self.manifest.url.0,
                keys: self.manifest.keys,
                channel: self.manifest.channel.unwrap_or_else(|| "stable".to_owned()),
                ca_file: self.manifest.ca_file,
            },
            keep_backups: self.backup.keep.unwrap_or(5),
            max_backup_bytes: self.backup.max_bytes.map_or(20 << 30, |bytes| bytes.0),
            // A word that is none of them has been told of already.
            on_failure: self.package.on_failure().unwrap_or(OnFailure::Fail),
            product,
            layout,
            database,
            service,
            health,
        })
    }
}

/// The word of `service.manager`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Systemd,
    Command,
    None,
}

impl RawService {
    fn kind(&self) -> Result<Kind, Fault> {
        let known = [("systemd", Kind::Systemd), ("command", Kind::Command), ("none", Kind::None)];
        choice("service.manager", self.manager.as_deref(), &known)
    }

    fn validate(self, product: &str, fill: &dyn Fn(Command) -> Vec<String>) -> Result<Service, Fault> {
        // A word that is none of them has been told of already, and says nothing of the other keys.
        let kind = self.kind().ok();
        let also = self.also.unwrap_or_default();
        // What only another manager would look at.
        let foreign = |keys: &[(&'static str, bool)], needed: &str| match keys.iter().find(|(_, there)| *there) {
            Some((key, _)) => Err(Fault::new(key, format!("`{key}` needs `service.manager = \"{needed}\"`"))),
            None => Ok(()),
        };
        let commands = [
            ("service.start", self.start.is_some()),
            ("service.stop", self.stop.is_some()),
            ("service.status", self.status.is_some()),
            ("service.pid_file", self.pid_file.is_some()),
        ];
        let units = [("service.unit", self.unit.is_some()), ("service.also", !also.is_empty())];
        if kind.is_some_and(|kind| kind != Kind::Command) {
            foreign(&commands, "command")?;
        }
        if kind.is_some_and(|kind| kind != Kind::Systemd) {
            foreign(&units, "systemd")?;
        }
        let manager = match kind {
            Some(Kind::Systemd) => {
                Manager::Systemd { unit: self.unit.unwrap_or_else(|| format!("{product}.service")), also }
            }
            Some(Kind::Command) => {
                let (Some(start), Some(stop), Some(status)) = (self.start, self.stop, self.status) else {
                    return Err(Fault::new(
                        "service.manager",
                        "`service.manager = \"command\"` needs `service.start`, `service.stop` and `service.status`",
                    ));
                };
                Manager::Command { start: fill(start), stop: fill(stop), status: fill(status), pid_file: self.pid_file }
            }
            Some(Kind::None) | None => Manager::None,
        };
        Ok(Service { manager, stop_timeout: self.stop_timeout.unwrap_or(Seconds::MINUTE).0 })
    }
}

impl RawHealth {
    fn on_crash(&self) -> Result<OnCrash, Fault> {
        let known = [("report", OnCrash::Report), ("restore", OnCrash::Restore)];
        choice("health.on_crash", self.on_crash.as_deref(), &known)
    }

    fn validate(self, fill: &dyn Fn(Command) -> Vec<String>) -> Result<Health, Fault> {
        let on_crash = self.on_crash();
        let probe = match (self.url, self.command) {
            (Some(_), Some(_)) => {
                return Err(Fault::new("health.url", "`health.url` and `health.command` exclude each other"));
            }
            (Some(url), None) if has_scheme(&url, "http://") || has_scheme(&url, "https://") => Probe::Url(url),
            (Some(url), None) => {
                let shown = without_secrets(&url);
                let message = format!("`health.url = \"{shown}\"` must begin with http:// or https://");
                return Err(Fault::new("health.url", message));
            }
            (None, Some(command)) => Probe::Command(fill(command)),
            (None, None) => Probe::Alive,
        };
        Ok(Health {
            probe,
            timeout: self.timeout.unwrap_or(Seconds::MINUTE).0,
            probation: self.probation.map_or(Duration::ZERO, |time| time.0),
            on_crash: on_crash.unwrap_or(OnCrash::Report),
        })
    }
}

impl RawPackage {
    fn on_failure(&self) -> Result<OnFailure, Fault> {
        let known = [("fail", OnFailure::Fail), ("defer", OnFailure::Defer)];
        choice("package.on_failure", self.on_failure.as_deref(), &known)
    }
}

/// One of several words; the first where none is written.
fn choice<T: Copy>(key: &'static str, word: Option<&str>, known: &[(&str, T)]) -> Result<T, Fault> {
    let words = || known.iter().map(|(word, _)| *word).collect();
    let word = word.unwrap_or(known.first().map_or("", |(word, _)| word));
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| unknown(key, word, words()))
}

fn absolute(key: &'static str, path: PathBuf) -> Result<PathBuf, Fault> {
    if path.is_absolute() {
        return Ok(path);
    }
    Err(Fault::new(key, format!("`{key}` must be an absolute path, not `{}`", path.display())))
}

pub(super) fn inside(key: &'static str, path: PathBuf) -> Result<PathBuf, Fault> {
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path);
    }
    Err(Fault::new(key, format!("`{key}` must stay inside a version, which `{}` does not", path.display())))
}

/// Names the known words, and the one that was probably meant.
fn unknown(key: &'static str, word: &str, known: Vec<&str>) -> Fault {
    let meant = nearest(word, known.iter().copied()).map(|known| format!("; did you mean \"{known}\"?"));
    let words = known.join("\", \"");
    Fault::new(key, format!("`{key} = \"{word}\"` is not one of \"{words}\"{}", meant.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
