//! The arguments of `manifest`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::config::Format;
use crate::version::Version;

/// What to do with manifests
#[derive(Debug, Subcommand)]
pub enum Manifest {
    /// Begin a manifest
    New {
        /// The product
        #[arg(long)]
        product: String,
        /// The file
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
    },
    /// Enter an archive, with its size, digest and fingerprint
    Add {
        /// The release archive, a `tar.gz` with `bin/` and `migrations/`
        archive: PathBuf,
        /// The file
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
        /// The target triple that the program is built for, or `any`
        #[arg(long)]
        target: String,
        /// The URL of the archive; without it its file name, relative to the manifest
        #[arg(long)]
        url: Option<String>,
        /// The release; without it as in the archive's top directory
        #[arg(long = "release", value_name = "VERSION")]
        release: Option<Version>,
        /// The schemas that the program reads, for a release that the file does not have yet
        #[arg(long, value_delimiter = ',')]
        reads: Vec<String>,
        /// The format of its migrations
        #[arg(long, default_value_t = Format::GolangMigrate)]
        format: Format,
    },
    /// Check a manifest, and its signature where there is one
    Check {
        /// The file
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
    },
    /// Sign a manifest as minisign does
    Sign {
        /// The file
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
        /// The secret key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Make the key first, where there is none
        #[arg(long)]
        generate: bool,
        /// Read the key's password from the first line of this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Draw the ways between releases
    Graph {
        /// The file
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
        /// How
        #[arg(long, value_enum, default_value = "text")]
        format: GraphFormat,
    },
}

/// How a graph is drawn
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Lines for a terminal
    Text,
    /// A Mermaid flowchart
    Mermaid,
}
