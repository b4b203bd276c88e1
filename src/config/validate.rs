//! From the written form to the one that the rest relies on: defaults, contradictions, what is not built yet.

use std::path::{Component, PathBuf};

use super::error::{ConfigError, contradiction, explain};
use super::raw::{Raw, RawHealth, RawService};
use super::values::{Command, Seconds};
use super::{Config, Database, ForeignKeys, Format, Health, Manager, ManifestSource, Probe, Service, Wrap};
use crate::layout::Layout;

/// Reads a configuration.
///
/// # Errors
/// The first thing that is wrong, with its line where it has one.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let raw: Raw = toml::from_str(text).map_err(|error| explain(text, &error))?;
    raw.refuse_unsupported()?;
    raw.validate()
}

impl Raw {
    fn refuse_unsupported(&self) -> Result<(), ConfigError> {
        let only = |key, value: Option<&str>, default| match value {
            Some(value) if value != default => {
                Err(ConfigError::Unsupported { key, value: format!("{value:?}"), default })
            }
            _ => Ok(()),
        };
        only("database.format", Some(&self.database.format), "golang-migrate")?;
        only("health.probation", self.health.probation.as_deref(), "0s")?;
        only("health.on_crash", self.health.on_crash.as_deref(), "report")?;
        only("package.on_failure", self.package.on_failure.as_deref(), "fail")?;
        if self.cluster.voter == Some(true) {
            // An undo may put back an older database, which a voting member must never get.
            return Err(ConfigError::Unsupported { key: "cluster.voter", value: "true".to_owned(), default: "false" });
        }
        match self.cluster.rejoin.as_deref() {
            None | Some([]) => Ok(()),
            Some(rejoin) => {
                Err(ConfigError::Unsupported { key: "cluster.rejoin", value: format!("{rejoin:?}"), default: "[]" })
            }
        }
    }

    fn validate(self) -> Result<Config, ConfigError> {
        let product = self.product.0;
        if self.manifest.keys.is_empty() {
            return Err(contradiction("`manifest.keys` is empty: without a key no release can be trusted"));
        }
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
        let database = Database {
            path: absolute("database.url", self.database.url.0)?,
            format: Format::GolangMigrate,
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
            keep_backups: self.backup.keep.unwrap_or(5).max(1),
            max_backup_bytes: self.backup.max_bytes.map_or(20 << 30, |bytes| bytes.0),
            product,
            layout,
            database,
            service,
            health,
        })
    }
}

impl RawService {
    fn validate(self, product: &str, fill: &dyn Fn(Command) -> Vec<String>) -> Result<Service, ConfigError> {
        let manager = match self.manager.as_deref().unwrap_or("systemd") {
            "systemd" => {
                if self.start.is_some() || self.stop.is_some() || self.status.is_some() || self.pid_file.is_some() {
                    return Err(contradiction(
                        "`service.start`, `stop`, `status` and `pid_file` need `service.manager = \"command\"`",
                    ));
                }
                let unit = self.unit.unwrap_or_else(|| format!("{product}.service"));
                Manager::Systemd { unit, also: self.also.unwrap_or_default() }
            }
            "command" => {
                let (Some(start), Some(stop), Some(status)) = (self.start, self.stop, self.status) else {
                    return Err(contradiction(
                        "`service.manager = \"command\"` needs `service.start`, `service.stop` and `service.status`",
                    ));
                };
                if self.unit.is_some() || self.also.is_some() {
                    return Err(contradiction("`service.unit` and `also` need `service.manager = \"systemd\"`"));
                }
                Manager::Command { start: fill(start), stop: fill(stop), status: fill(status), pid_file: self.pid_file }
            }
            "none" => Manager::None,
            other => {
                return Err(contradiction(&format!(
                    "`service.manager = \"{other}\"` is not known: use \"systemd\", \"command\" or \"none\""
                )));
            }
        };
        Ok(Service { manager, stop_timeout: self.stop_timeout.unwrap_or(Seconds::MINUTE).0 })
    }
}

impl RawHealth {
    fn validate(self, fill: &dyn Fn(Command) -> Vec<String>) -> Result<Health, ConfigError> {
        let probe = match (self.url, self.command) {
            (Some(_), Some(_)) => return Err(contradiction("`health.url` and `health.command` exclude each other")),
            (Some(url), None) if url.starts_with("http://") || url.starts_with("https://") => Probe::Url(url),
            (Some(url), None) => {
                return Err(contradiction(&format!("`health.url = \"{url}\"` must begin with http:// or https://")));
            }
            (None, Some(command)) => Probe::Command(fill(command)),
            (None, None) => Probe::Alive,
        };
        Ok(Health { probe, timeout: self.timeout.unwrap_or(Seconds::MINUTE).0 })
    }
}

fn absolute(key: &str, path: PathBuf) -> Result<PathBuf, ConfigError> {
    if path.is_absolute() {
        return Ok(path);
    }
    Err(contradiction(&format!("`{key}` must be an absolute path, not `{}`", path.display())))
}

fn inside(key: &str, path: PathBuf) -> Result<PathBuf, ConfigError> {
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path);
    }
    Err(contradiction(&format!("`{key}` must stay inside a version, which `{}` does not", path.display())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINIMAL: &str = "product = \"gantry\"\n[install]\nroot = \"/usr/lib/gantry\"\n[manifest]\nurl = \"https://example.org/g.toml\"\nkeys = [\"RWQ\"]\n[database]\nurl = \"sqlite:/var/lib/gantry/gantry.db\"\nformat = \"golang-migrate\"\n";

    fn refusal(more: &str) -> String {
        parse(&format!("{MINIMAL}{more}")).unwrap_err().to_string()
    }

    #[test]
    fn the_required_keys_alone_give_the_documented_defaults() {
        let config = parse(MINIMAL).unwrap();
        assert_eq!(config.layout.state, PathBuf::from("/var/lib/gantry-installer/gantry"));
        assert_eq!(config.layout.binary, PathBuf::from("bin/gantry"));
        assert_eq!((config.keep_versions, config.keep_backups, config.max_backup_bytes), (3, 5, 20 << 30));
        assert_eq!(config.database.foreign_keys, ForeignKeys::Ignored);
        assert!(matches!(config.service.manager, Manager::Systemd { unit, .. } if unit == "gantry.service"));
        assert!(matches!(config.health.probe, Probe::Alive));
        assert_eq!(config.health.timeout.as_secs(), 60);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
        let words = refusal("[backup]\nkep = 5\n");
        assert!(
            words.starts_with("line 11: unknown field `kep`") && words.ends_with("did you mean `keep`?"),
            "{words}"
        );
    }

    #[test]
    fn a_wrong_type_or_value_is_refused_with_its_line() {
        assert!(refusal("[backup]\nkeep = \"many\"\n").starts_with("line 11: "));
        let words = refusal("[backup]\nmax_bytes = \"20 pounds\"\n");
        assert!(words.contains("line 11") && words.contains("20 GiB"), "{words}");
        assert!(refusal("[health]\ntimeout = \"soon\"\n").contains("60s"));
    }

    #[test]
    fn a_missing_required_key_is_named() {
        let words = parse("product = \"gantry\"\n").unwrap_err().to_string();
        assert!(words.contains("missing field `install`"), "{words}");
    }

    #[test]
    fn capabilities_that_are_not_built_are_refused_unless_at_their_default() {
        assert!(parse(&format!("{MINIMAL}[cluster]\nvoter = false\nrejoin = []\n")).is_ok());
        assert!(refusal("[cluster]\nvoter = true\n").contains("`cluster.voter = true` is not supported yet"));
        assert!(refusal("[health]\nprobation = \"10m\"\n").contains("health.probation"));
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(refusal("[service]\nmanager = \"command\"\n").contains("needs `service.start`"));
        assert!(refusal("[health]\nurl = \"http://127.0.0.1/\"\ncommand = [\"true\"]\n").contains("exclude"));
    }

    /// Every section, and every kind of value.
    const MORE: &str = "[service]\nmanager = \"command\"\nstart = [\"{binary}\"]\nstop = [\"a\"]\nstatus = [\"b\"]\nstop_timeout = \"90s\"\n[health]\nurl = \"http://127.0.0.1/\"\ntimeout = \"500ms\"\nprobation = \"0s\"\n[backup]\ndir = \"/b\"\nkeep = 5\nmax_bytes = \"20 GiB\"\n[cluster]\nvoter = false\nrejoin = []\n[package]\non_failure = \"fail\"\n";

    /// What a config that was accepted promises to all that follows.
    fn is_sound(config: &Config) -> bool {
        let paths = [&config.layout.root, &config.layout.state, &config.layout.backups, &config.database.path];
        paths.iter().all(|path| path.is_absolute()) && config.layout.binary.is_relative() && config.keep_backups > 0
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            prop_assert!(parse(&text).is_err());
        }

        #[test]
        fn a_config_that_was_changed_anywhere_is_refused_or_sound(
            from in any::<prop::sample::Index>(),
            length in 0..12usize,
            put in r#"([a-z_]{0,8}|[0-9]{0,20}|["=.\[\]{}/ \n-]{0,4}|\PC{0,3})"#,
        ) {
            let mut letters: Vec<char> = MINIMAL.chars().chain(MORE.chars()).collect();
            let from = from.index(letters.len());
            let to = (from + length).min(letters.len());
            letters.splice(from..to, put.chars());
            let text: String = letters.into_iter().collect();
            if let Ok(config) = parse(&text) {
                prop_assert!(is_sound(&config), "{text}");
            }
        }
    }

    #[test]
    fn the_config_that_is_changed_in_the_tests_is_one() {
        assert!(is_sound(&parse(&format!("{MINIMAL}{MORE}")).unwrap()));
    }
}
