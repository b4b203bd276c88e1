//! What is wrong with values: each by itself, and with each other. All of it is told.

use std::path::{Component, Path};

use super::address::{has_scheme, without_secrets};
use super::error::Fault;
use super::format::Format;
use super::raw::{Raw, RawHealth, RawPackage, RawService};
use super::validate::Kind;
use super::values::is_name;
use super::{OnCrash, OnFailure, is_ledger_name};
use crate::manifest::signature::PublicKey;
use crate::nearest::nearest;

impl Raw {
    /// Keys of capabilities that are not built yet, unless they are at their defaults.
    pub(super) fn unsupported(&self) -> Vec<Fault> {
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
    pub(super) fn unusable(&self) -> Vec<Fault> {
        let mut faults = self.untrusting();
        let paths = [
            ("install.root", Some(&self.install.root)),
            ("install.state", self.install.state.as_ref()),
            ("backup.dir", self.backup.dir.as_ref()),
            ("database.url", Some(&self.database.url.0)),
            ("manifest.ca_file", self.manifest.ca_file.as_ref()),
            ("service.pid_file", self.service.pid_file.as_ref()),
        ];
        faults.extend(paths.into_iter().filter_map(|(key, path)| relative(key, path?)));
        faults.extend(self.install.binary.as_ref().and_then(|binary| outside("install.binary", binary)));
        faults.extend(self.database.migrator().err().into_iter().flatten());
        let format = Format::of_product(&self.database.format).ok();
        if self.database.no_tx_wrap && format.is_some_and(|format| format != Format::GolangMigrate) {
            let message = "`database.no_tx_wrap` needs `database.format = \"golang-migrate\"`: other engines are told in \
                           the file";
            faults.push(Fault::new("database.no_tx_wrap", message));
        }
        if let Some(table) = self.database.table.as_ref().filter(|table| !is_ledger_name(table)) {
            let message = format!(
                "`database.table = {table:?}` must be letters, digits and `_`, with no digit first: engines write it without quotes"
            );
            faults.push(Fault::new("database.table", message));
        }
        faults.extend(self.service.faults());
        faults.extend(self.health.faults());
        faults.extend(self.package.on_failure().err());
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
        faults
    }

    /// What no release could come by.
    fn untrusting(&self) -> Vec<Fault> {
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
        if let Some(channel) = self.manifest.channel.as_ref().filter(|channel| !is_name(channel)) {
            let message = format!(
                "`manifest.channel = {channel:?}` must be lower-case letters, digits and dashes, as those of releases are"
            );
            faults.push(Fault::new("manifest.channel", message));
        }
        faults
    }
}

impl RawService {
    pub(super) fn kind(&self) -> Result<Kind, Fault> {
        let known = [("systemd", Kind::Systemd), ("command", Kind::Command), ("none", Kind::None)];
        choice("service.manager", self.manager.as_deref(), &known)
    }

    fn faults(&self) -> Vec<Fault> {
        // A word that is none of them says nothing of the other keys.
        let kind = match self.kind() {
            Ok(kind) => kind,
            Err(fault) => return vec![fault],
        };
        let needed = [("service.start", &self.start), ("service.stop", &self.stop), ("service.status", &self.status)];
        let commands = needed.map(|(key, command)| (key, command.is_some()));
        let commands = commands.into_iter().chain([("service.pid_file", self.pid_file.is_some())]);
        let also = self.also.as_ref().is_some_and(|also| !also.is_empty());
        let units = [("service.unit", self.unit.is_some()), ("service.also", also)];
        // What only another manager would look at.
        let foreign = |(key, manager): (&'static str, &str)| {
            Fault::new(key, format!("`{key}` needs `service.manager = \"{manager}\"`"))
        };
        let commands = commands.filter(|(_, there)| *there && kind != Kind::Command).map(|(key, _)| (key, "command"));
        let units = units.into_iter().filter(|(_, there)| *there && kind != Kind::Systemd);
        let mut faults: Vec<Fault> = commands.chain(units.map(|(key, _)| (key, "systemd"))).map(foreign).collect();
        if kind == Kind::Command && needed.iter().any(|(_, command)| command.is_none()) {
            faults.push(Fault::new(
                "service.manager",
                "`service.manager = \"command\"` needs `service.start`, `service.stop` and `service.status`",
            ));
        }
        faults
    }
}

impl RawHealth {
    pub(super) fn on_crash(&self) -> Result<OnCrash, Fault> {
        let known = [("report", OnCrash::Report), ("restore", OnCrash::Restore)];
        choice("health.on_crash", self.on_crash.as_deref(), &known)
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.on_crash().err().into_iter().collect();
        if self.url.is_some() && self.command.is_some() {
            faults.push(Fault::new("health.url", "`health.url` and `health.command` exclude each other"));
        }
        if let Some(url) = &self.url
            && !["http://", "https://"].iter().any(|scheme| has_scheme(url, scheme))
        {
            let shown = without_secrets(url);
            faults.push(Fault::new(
                "health.url",
                format!("`health.url = \"{shown}\"` must begin with http:// or https://"),
            ));
        }
        faults
    }
}

impl RawPackage {
    pub(super) fn on_failure(&self) -> Result<OnFailure, Fault> {
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

fn relative(key: &'static str, path: &Path) -> Option<Fault> {
    let fault = || Fault::new(key, format!("`{key}` must be an absolute path, not `{}`", path.display()));
    (!path.is_absolute()).then(fault)
}

/// Why a path is none inside a version.
pub(super) fn outside(key: &'static str, path: &Path) -> Option<Fault> {
    if path.as_os_str().is_empty() {
        return Some(Fault::new(key, format!("`{key}` is empty: it must be a path inside a version")));
    }
    let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
    let fault = || Fault::new(key, format!("`{key}` must stay inside a version, which `{}` does not", path.display()));
    (!stays).then(fault)
}

/// Names the known words, and the one that was probably meant.
fn unknown(key: &'static str, word: &str, known: Vec<&str>) -> Fault {
    let meant = nearest(word, known.iter().copied()).map(|known| format!("; did you mean \"{known}\"?"));
    let words = known.join("\", \"");
    Fault::new(key, format!("`{key} = \"{word}\"` is not one of \"{words}\"{}", meant.unwrap_or_default()))
}
