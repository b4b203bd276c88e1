//! What leads from one schema to another, within a major and across.

use serde::{Deserialize, Serialize};

use crate::digest::Fingerprint;
use crate::migration::Direction;
use crate::version::{SchemaVersion, Version};

/// From one schema to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The release whose migrations these are, or whose import.
    pub migrations: Version,
    /// Which way.
    pub direction: Direction,
    /// The schema before; none on an empty database. Of an import it is one of the major below.
    pub from: Option<SchemaVersion>,
    /// The schema after.
    pub to: SchemaVersion,
    /// What the schema must look like after it, where a release says so.
    pub fingerprint: Option<Fingerprint>,
    /// How; plans of installers that knew only one way do not say it.
    #[serde(default)]
    pub by: Means,
}

/// How a leg leads to its schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Migrations change the file.
    #[default]
    Migrations,
    /// A new file of the next major is made, and filled from this one.
    Import {
        /// The directory of the mapping in the release.
        mapping: String,
    },
    /// Nothing is run: the schema is that one already, and the ledger is made to say so.
    Ledger,
}

impl Leg {
    /// Whether it makes another file instead of changing the one that it is given.
    pub fn is_import(&self) -> bool {
        matches!(self.by, Means::Import { .. })
    }

    /// Whether it changes the ledger alone.
    pub fn is_of_the_ledger(&self) -> bool {
        self.by == Means::Ledger
    }
}

/// What makes a backup and the live database alike enough to be compared row by row: of the two, a copy of the older one
/// is taken to the schema of the newer one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenBridge")]
pub struct Bridge {
    /// On a copy of the backup.
    pub backup: Vec<Leg>,
    /// On a copy of the live database: where the backup is of a higher major.
    pub live: Vec<Leg>,
}

impl Bridge {
    /// Whether it leads into another major.
    pub fn has_import(&self) -> bool {
        self.backup.iter().chain(&self.live).any(Leg::is_import)
    }
}

/// Whether a backup and the live database can be compared at all. Where what leads from one to the other is not known, what
/// a restore loses is not counted: schemas that differ, compared as they are, would give numbers that mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Comparable {
    /// Once this was done.
    By(Bridge),
    /// Not.
    Not {
        /// Why.
        unknown: String,
    },
}

impl Default for Comparable {
    fn default() -> Self {
        Self::By(Bridge::default())
    }
}

/// As plans have it: older ones name the one leg on the backup, or none.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenBridge {
    Both { backup: Vec<Leg>, live: Vec<Leg> },
    One(Option<Box<Leg>>),
}

impl From<WrittenBridge> for Bridge {
    fn from(written: WrittenBridge) -> Self {
        match written {
            WrittenBridge::Both { backup, live } => Self { backup, live },
            WrittenBridge::One(leg) => Self { backup: leg.into_iter().map(|leg| *leg).collect(), live: Vec::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(by: Means) -> Leg {
        Leg {
            migrations: "2.0.0".parse().unwrap(),
            direction: Direction::Up,
            from: Some(SchemaVersion::Number(8)),
            to: SchemaVersion::Number(1),
            fingerprint: None,
            by,
        }
    }

    #[test]
    fn plans_of_installers_that_knew_only_migrations_are_read() {
        let bridge = |text: &str| serde_json::from_str::<Bridge>(text).unwrap();
        assert_eq!(bridge("null"), Bridge::default());
        let old = r#"{"migrations":"2.0.0","direction":"up","from":8,"to":1,"fingerprint":null}"#;
        assert_eq!(bridge(old), Bridge { backup: vec![leg(Means::Migrations)], live: Vec::new() });
    }

    #[test]
    fn what_cannot_be_compared_stays_so_in_a_plan() {
        let read = |text: &str| serde_json::from_str::<Comparable>(text).unwrap();
        assert_eq!(read("null"), Comparable::By(Bridge::default()));
        for written in [Comparable::default(), Comparable::Not { unknown: "no import".to_owned() }] {
            assert_eq!(read(&serde_json::to_string(&written).unwrap()), written);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let import = leg(Means::Import { mapping: "import/from-v1".to_owned() });
        for written in [Bridge::default(), Bridge { backup: vec![import.clone()], live: vec![import] }] {
            let text = serde_json::to_string(&written).unwrap();
            assert_eq!(serde_json::from_str::<Bridge>(&text).unwrap(), written);
        }
    }
}
