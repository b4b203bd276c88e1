//! The arguments of `migrate lint`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::migration::lint::{Level, Policy};

/// Arguments of `migrate lint`
#[derive(Clone, Debug, Args)]
pub struct Lint {
    /// End with 3 when there is a finding of this level or above
    #[arg(long, default_value = "warning", value_parser = levels())]
    pub level: Level,
    /// Judge by these policies only
    #[arg(long, value_name = "POLICY", value_delimiter = ',', value_parser = policies())]
    pub policy: Vec<Policy>,
    /// Try this import mapping too, on a database without rows
    #[arg(long, value_name = "DIR", requires = "old_migrations")]
    pub import: Option<PathBuf>,
    /// The migrations of the major that the mapping reads
    #[arg(long, value_name = "DIR", requires = "import")]
    pub old_migrations: Option<PathBuf>,
    /// Lock the migrations that are not locked yet, once nothing is found: they never change again
    #[arg(long)]
    pub lock: bool,
}

fn levels() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|name| Level::named(&name).ok_or("no level"))
}

fn policies() -> impl TypedValueParser<Value = Policy> {
    PossibleValuesParser::new(Policy::CHOICE.map(Policy::name)).try_map(|name| Policy::named(&name).ok_or("no policy"))
}
