//! What a publisher needs of a configuration before there is a key, a manifest or a machine: how the product migrates
//! its database itself.

use std::path::PathBuf;

use super::check::outside;
use super::error::{ConfigError, placed};
use super::raw::Raw;
use super::read::is_told;
use super::{ForeignKeys, Migrator};

/// The part of a configuration that is the product's own, whatever machine it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// The product.
    pub product: String,
    /// The program, inside a version.
    pub binary: PathBuf,
    /// The commands that migrate its database; none where its format has files.
    pub migrator: Option<Migrator>,
    /// The product's own setting of `PRAGMA foreign_keys`.
    pub foreign_keys: ForeignKeys,
}

/// Reads that part. Keys that nobody made yet, and places of a machine, are not looked at.
///
/// # Errors
/// What is no such configuration, and commands that cannot be run, with their lines.
pub fn publisher(text: &str) -> Result<Publisher, ConfigError> {
    let (raw, mut faults) = Raw::read(text)?;
    let product = raw.product.0;
    let binary = raw.install.binary.unwrap_or_else(|| PathBuf::from("bin").join(&product));
    let migrator = raw.database.migrator();
    let of_values = outside("install.binary", &binary).into_iter().chain(migrator.clone().err().into_iter().flatten());
    let new: Vec<_> = of_values.filter(|fault| !is_told(&faults, &fault.key)).collect();
    faults.extend(new);
    if !faults.is_empty() {
        return Err(placed(text, faults));
    }
    Ok(Publisher {
        binary,
        migrator: migrator.unwrap_or_default(),
        foreign_keys: if raw.database.foreign_keys { ForeignKeys::Enforced } else { ForeignKeys::Ignored },
        product,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "product = \"notes\"\n[install]\nroot = \"/usr/lib/notes\"\n[manifest]\nurl = \"/srv/notes.toml\"\n\
                          keys = []\n[database]\nurl = \"sqlite:/data/notes.db\"\n";

    #[test]
    fn the_commands_are_known_before_there_is_a_key() {
        let words = "format = \"command\"\nup = [\"{binary}\", \"up\", \"{database}\"]\nversion = [\"{binary}\", \"{database}\"]\n";
        let found = publisher(&format!("{BEFORE}{words}")).unwrap();
        assert_eq!((found.product.as_str(), found.binary.as_path()), ("notes", "bin/notes".as_ref()));
        assert_eq!(found.migrator.unwrap().up, ["{binary}", "up", "{database}"]);
        assert_eq!(publisher(&format!("{BEFORE}format = \"goose\"\n")).unwrap().migrator, None);
    }

    #[test]
    fn commands_that_are_missing_are_named_with_the_line() {
        let wrong = publisher(&format!("{BEFORE}format = \"command\"\n")).unwrap_err().to_string();
        assert!(wrong.starts_with("line 9: ") && wrong.contains("needs `database.up`"), "{wrong}");
    }
}
