//! `installer.toml` as written: every key that there is, whether it is supported or not.

use std::path::PathBuf;

use serde::Deserialize;

use super::values::{Bytes, Command, DatabaseUrl, Product, Seconds, Source};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) product: Product,
    pub(super) install: RawInstall,
    pub(super) manifest: RawManifest,
    pub(super) database: RawDatabase,
    #[serde(default)]
    pub(super) service: RawService,
    #[serde(default)]
    pub(super) health: RawHealth,
    #[serde(default)]
    pub(super) backup: RawBackup,
    #[serde(default)]
    pub(super) cluster: RawCluster,
    #[serde(default)]
    pub(super) package: RawPackage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInstall {
    pub(super) root: PathBuf,
    pub(super) state: Option<PathBuf>,
    pub(super) binary: Option<PathBuf>,
    pub(super) keep: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawManifest {
    pub(super) url: Source,
    pub(super) keys: Vec<String>,
    pub(super) channel: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDatabase {
    pub(super) url: DatabaseUrl,
    pub(super) format: String,
    #[serde(default)]
    pub(super) foreign_keys: bool,
    pub(super) table: Option<String>,
    #[serde(default)]
    pub(super) no_tx_wrap: bool,
    pub(super) owner: Option<String>,
    pub(super) up: Option<Vec<String>>,
    pub(super) version: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub(super) manager: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) also: Option<Vec<String>>,
    pub(super) start: Option<Command>,
    pub(super) stop: Option<Command>,
    pub(super) status: Option<Command>,
    pub(super) pid_file: Option<PathBuf>,
    pub(super) stop_timeout: Option<Seconds>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHealth {
    pub(super) url: Option<String>,
    pub(super) command: Option<Command>,
    pub(super) timeout: Option<Seconds>,
    pub(super) probation: Option<Seconds>,
    pub(super) on_crash: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBackup {
    pub(super) dir: Option<PathBuf>,
    pub(super) keep: Option<u32>,
    pub(super) max_bytes: Option<Bytes>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCluster {
    pub(super) voter: Option<bool>,
    pub(super) rejoin: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPackage {
    pub(super) on_failure: Option<String>,
}
