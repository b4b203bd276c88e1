//! The arguments of `hook`.

use std::ffi::OsString;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use crate::version::Version;

/// Arguments of `hook`
#[derive(Debug, Args)]
pub struct Hook {
    /// The release that the package brings
    #[arg(long, value_name = "VERSION")]
    pub release: Version,
    /// The package
    #[arg(long, value_name = "NAME")]
    pub package: String,
    /// Other releases whose archives the package brings, for the way to its own
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',')]
    pub carries: Vec<Version>,
    /// Take a release again that failed here
    #[arg(long, env = "GANTRY_INSTALLER_RETRY", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub retry: bool,
    /// Go to this major though another one is installed
    #[arg(long, env = "GANTRY_INSTALLER_MAJOR", hide_env_values = true, value_name = "MAJOR")]
    // As text: a number that is none would end as misuse does, which preinst takes for an installer too old to ask.
    pub major: Option<OsString>,
    /// Which script calls; `activate` does what could not be done when the package was configured
    #[arg(value_enum)]
    pub script: ScriptName,
    /// What dpkg gave it; `preinst` reads the signature and the manifest on standard input
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub words: Vec<OsString>,
}

/// A script of a package
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScriptName {
    /// Before the package is unpacked
    Preinst,
    /// Before it is removed or replaced
    Prerm,
    /// After it was unpacked
    Postinst,
    /// After it was removed
    Postrm,
    /// At boot, or by hand
    Activate,
}
