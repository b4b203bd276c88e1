//! The arguments of `manifest`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::config::Format;
use crate::version::{Target, Version};

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
        /// Why releases read schemas though the archive's migrations do more than add; noted in the file
        #[arg(long, value_name = "REASON")]
        reads_anyway: Option<String>,
        /// The migrations of the major that its import reads, to try the import on
        #[arg(long, value_name = "DIR")]
        old_migrations: Option<PathBuf>,
    },
    /// Check a manifest, and its signature where there is one
    Check {
        /// The file
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
        /// Compare what releases read with these migrations, which may only add on the way there
        #[arg(long, value_name = "DIR")]
        migrations: Option<PathBuf>,
        /// The format of the migrations
        #[arg(long, default_value_t = Format::GolangMigrate)]
        format: Format,
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
    /// Put a signed manifest and the artifacts of a way into one file, for `upgrade --bundle`
    Bundle {
        /// The file; it must not be there yet
        file: PathBuf,
        /// The release that is installed where the bundle goes; without it the bundle is of one release alone
        #[arg(long, value_name = "VERSION")]
        from: Option<Version>,
        /// The release that it leads to
        #[arg(long, value_name = "VERSION")]
        to: Target,
        /// The manifest
        #[arg(long, value_name = "FILE", default_value = "manifest.toml")]
        manifest: PathBuf,
        /// Only artifacts for this target triple, and those for `any`
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        /// Only if the machines with this configuration believe it: of their product, and signed by one of their keys
        #[arg(long, value_name = "CONFIG")]
        believed_by: Option<PathBuf>,
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
