//! How a backup and the live database become alike enough to be compared, whichever of the two is older.
//!
//! Schemas are compared within a major only: each major counts its own, and schema 1 of one is not schema 1 of another.

use super::observed::{Backup, Content, Observed};
use super::step::{Bridge, Comparable, Leg, Means};
use crate::manifest::Release;
use crate::migration::Direction;
use crate::version::SchemaVersion;

/// Where a database stands: the major whose migrations made it, and its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The major.
    pub major: u64,
    /// The schema, as that major counts.
    pub schema: SchemaVersion,
}

/// Where a backup stands. Of what was kept without a release it is taken to be the installed major.
pub fn of_backup(backup: &Backup, seen: &Observed) -> Option<Stand> {
    let version = backup.version.as_ref().or(seen.installed.as_ref().map(|release| &release.version))?;
    Some(Stand { major: version.major(), schema: backup.schema.clone()? })
}

/// Whether a release runs on a database that stands there.
pub fn runs_on(release: &Release, stand: &Stand) -> bool {
    release.version.major() == stand.major && release.runs_on(&stand.schema)
}

/// What leads from the older of the two to the newer one; no legs where they are at one schema, or where the backup is the
/// newer one of a major.
pub fn comparable(backup: &Backup, seen: &Observed) -> Comparable {
    bridge(backup, seen).map_or_else(|unknown| Comparable::Not { unknown }, Comparable::By)
}

fn bridge(backup: &Backup, seen: &Observed) -> Result<Bridge, String> {
    let live = of_live(seen).ok_or("the schema of the live database cannot be told")?;
    let kept =
        of_backup(backup, seen).ok_or_else(|| format!("the schema of the backup `{}` is not known", backup.id))?;
    if live.major < kept.major {
        return Ok(Bridge { live: climb(live, &kept, seen)?, ..Bridge::default() });
    }
    let backup = if live.major == kept.major { within(&kept, &live, seen)? } else { climb(kept, &live, seen)? };
    Ok(Bridge { backup, ..Bridge::default() })
}

fn of_live(seen: &Observed) -> Option<Stand> {
    let Content::Readable(readable) = &seen.database.content else { return None };
    Some(Stand { major: seen.installed.as_ref()?.version.major(), schema: readable.schema.clone()? })
}

/// Migrations of the installed major, where the backup is the older one.
fn within(kept: &Stand, live: &Stand, seen: &Observed) -> Result<Vec<Leg>, String> {
    if kept.schema == live.schema {
        return Ok(Vec::new());
    }
    let position = |schema: &SchemaVersion| {
        let found = seen.order.iter().position(|known| known == schema);
        found.ok_or_else(|| format!("no release on disk knows schema {schema}"))
    };
    let (old, new) = (position(&kept.schema)?, position(&live.schema)?);
    if old > new {
        return Ok(Vec::new());
    }
    let newest = seen.of_its_major().rev().find(|release| position(&release.schema).is_ok_and(|at| at >= new));
    let newest =
        newest.ok_or_else(|| format!("the release that brought schema {} is not on disk any more", live.schema))?;
    Ok(vec![migrations(newest, &kept.schema, &live.schema)])
}

/// Through the imports that are on disk: from each major to the schema that the next one takes, and from there on.
fn climb(from: Stand, to: &Stand, seen: &Observed) -> Result<Vec<Leg>, String> {
    let mut legs = Vec::new();
    let Stand { mut major, schema: mut at } = from;
    while major < to.major {
        let above = |release: &&Release| (major + 1..=to.major).contains(&release.version.major());
        let mut imports = seen.on_disk.iter().filter(above);
        let import = imports.find_map(|release| Some((release, release.import.clone()?)));
        let (import, mapping) =
            import.ok_or_else(|| format!("no release on disk imports a database of major {major}"))?;
        let takes = |release: &&Release| release.version.major() == major && import.accepts(&release.version);
        let feeder = seen.on_disk.iter().rev().find(takes);
        let feeder = feeder.ok_or_else(|| format!("no release on disk is one that {} imports from", import.version))?;
        if at != feeder.schema {
            legs.push(migrations(feeder, &at, &feeder.schema));
        }
        let by = Means::Import { mapping };
        legs.push(Leg { by, ..migrations(import, &feeder.schema, &import.schema) });
        (major, at) = (import.version.major(), import.schema.clone());
    }
    let newest = seen.on_disk.iter().rev().find(|release| release.version.major() == major);
    let newest = newest.ok_or_else(|| format!("no release of major {major} is on disk"))?;
    if at != to.schema {
        legs.push(migrations(newest, &at, &to.schema));
    }
    Ok(legs)
}

fn migrations(release: &Release, from: &SchemaVersion, to: &SchemaVersion) -> Leg {
    Leg {
        migrations: release.version.clone(),
        direction: Direction::Up,
        from: Some(from.clone()),
        to: to.clone(),
        fingerprint: None,
        by: Means::Migrations,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::digest::{Fingerprint, Sha256};
    use crate::plan::observed::{Database, Readable, Service};

    fn release(version: &str, import: Option<&str>) -> Release {
        let from = import.map(|_| "^1.0");
        serde_json::from_value(json!({
            "version": version, "channel": "stable", "schema": 1, "reads": [1], "fingerprint": null, "from": from,
            "barrier": false, "deadend": null, "yanked": null, "notes": null, "installer": null, "import": import,
            "artifacts": []
        }))
        .unwrap()
    }

    fn backup(version: &str) -> Backup {
        serde_json::from_value(json!({
            "id": "kept", "kind": "before", "version": version, "schema": 1, "bytes": 1, "sha256": Sha256::of(b""),
            "created": "2026-01-01T00:00:00Z"
        }))
        .unwrap()
    }

    fn seen(installed: &str, on_disk: Vec<Release>) -> Observed {
        let readable = Readable {
            schema: Some(SchemaVersion::Number(1)),
            by_look: false,
            unlocked: false,
            dirty: false,
            stands_at: None,
            fingerprint: Fingerprint(Sha256::of(b"")),
            drift: Vec::new(),
            compared: true,
            bytes: 1,
            wal: true,
        };
        let database =
            Database { path: "/live.db".into(), content: Content::Readable(readable), obstacles: Vec::new() };
        Observed {
            installed: on_disk.iter().find(|release| release.version.to_string() == installed).cloned(),
            on_disk,
            order: vec![SchemaVersion::Number(1)],
            database,
            service: Service::Stopped,
            triggers: Vec::new(),
            foreign: Vec::new(),
            blind: false,
            spaces: Vec::new(),
            backups: Vec::new(),
            held: Vec::new(),
        }
    }

    fn unknown(comparable: Comparable) -> String {
        match comparable {
            Comparable::Not { unknown } => unknown,
            Comparable::By(bridge) => panic!("{bridge:?}"),
        }
    }

    #[test]
    fn without_the_import_or_its_feeder_two_majors_are_not_compared() {
        let (old, new) = (release("1.0.0", None), release("2.0.0", Some("import/from-v1")));
        let whole = comparable(&backup("1.0.0"), &seen("2.0.0", vec![old.clone(), new.clone()]));
        assert!(matches!(whole, Comparable::By(bridge) if bridge.has_import()));
        let no_feeder = comparable(&backup("1.0.0"), &seen("2.0.0", vec![new]));
        assert_eq!(unknown(no_feeder), "no release on disk is one that 2.0.0 imports from");
        let plain = release("2.0.0", None);
        let no_import = comparable(&backup("1.0.0"), &seen("2.0.0", vec![old.clone(), plain]));
        assert_eq!(unknown(no_import), "no release on disk imports a database of major 1");
        let above = comparable(&backup("2.0.0"), &seen("1.0.0", vec![old]));
        assert_eq!(unknown(above), "no release on disk imports a database of major 1");
    }

    #[test]
    fn a_live_database_without_a_schema_is_not_compared_and_equal_ones_are_as_they_are() {
        let mut seen = seen("1.0.0", vec![release("1.0.0", None)]);
        assert_eq!(comparable(&backup("1.0.0"), &seen), Comparable::default());
        seen.database.content = Content::Unusable("damaged".to_owned());
        assert_eq!(unknown(comparable(&backup("1.0.0"), &seen)), "the schema of the live database cannot be told");
    }
}
