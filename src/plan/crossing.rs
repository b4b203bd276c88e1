//! Whether a database may pass into the next major as it stands.

use super::leg::Leg;
use super::observed::Readable;
use super::refusal::Refusal;
use super::verdict::words;
use crate::migration::Drift;

/// Refuses a database with tables, indexes or views of its own where a leg makes the database anew. Inside a major they
/// do no harm; a mapping accounts for the schema as its release made it, and for nothing else.
pub fn check(legs: &[Leg], readable: &Readable) -> Option<Refusal> {
    let import = legs.iter().find(|leg| leg.is_import())?;
    let additions = readable.drift.as_slice();
    if additions.is_empty() {
        return None;
    }
    let message = format!(
        "the import of {} accounts for what releases made, and this database, at schema {}, has more: {}",
        import.migrations,
        words(readable.schema.as_ref()),
        additions.iter().map(|drift| drift.object.as_str()).collect::<Vec<_>>().join(", ")
    );
    let rows = if additions.iter().any(|drift| drift.object.starts_with("table ")) {
        "copy the rows that you need elsewhere, "
    } else {
        ""
    };
    let remedy = format!(
        "{rows}run `{}` on the database, and make again what is needed once {} runs",
        removal(additions),
        import.migrations
    );
    Some(Refusal::new("drifted", message, remedy))
}

/// What takes additions away again: tables last, whose own indexes go with them.
fn removal(additions: &[Drift]) -> String {
    let mut objects: Vec<_> = additions.iter().filter_map(|drift| drift.object.split_once(' ')).collect();
    objects.sort_by_key(|(kind, _)| *kind == "table");
    let drop =
        |(kind, name): &(&str, &str)| format!("DROP {} \"{}\";", kind.to_ascii_uppercase(), name.replace('"', "\"\""));
    objects.iter().map(drop).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Fingerprint, Sha256};
    use crate::migration::{Direction, DriftKind, Severity};
    use crate::plan::leg::Means;
    use crate::version::SchemaVersion;

    fn readable(extra: &[&str]) -> Readable {
        let drift = |object: &&str| Drift {
            kind: DriftKind::Extra,
            object: (*object).to_owned(),
            severity: Severity::Tolerated,
        };
        Readable {
            schema: Some(SchemaVersion::Number(8)),
            by_look: false,
            unlocked: false,
            dirty: false,
            stands_at: None,
            fingerprint: Fingerprint(Sha256::of(b"")),
            drift: extra.iter().map(drift).collect(),
            compared: true,
            bytes: 1,
            wal: true,
        }
    }

    fn leg(by: Means) -> Leg {
        Leg {
            migrations: "2.0.0".parse().unwrap(),
            direction: Direction::Up,
            from: Some(SchemaVersion::Number(8)),
            to: SchemaVersion::Number(105),
            fingerprint: None,
            by,
        }
    }

    #[test]
    fn additions_keep_a_database_from_being_made_anew_and_are_named_with_what_removes_them() {
        let import = [leg(Means::Migrations), leg(Means::Import { mapping: "import/from-v1".to_owned() })];
        let extra = ["index mine", "table my \"own\"", "view totals"];
        let refusal = check(&import, &readable(&extra)).unwrap();
        assert_eq!(refusal.code, "drifted");
        assert!(
            refusal.message.contains("at schema 8, has more: index mine, table my \"own\", view totals"),
            "{refusal:?}"
        );
        let drops = "DROP INDEX \"mine\"; DROP VIEW \"totals\"; DROP TABLE \"my \"\"own\"\"\";";
        assert!(refusal.remedy.starts_with("copy the rows") && refusal.remedy.contains(drops), "{refusal:?}");
        assert_eq!(check(&import, &readable(&[])), None);
    }

    #[test]
    fn inside_a_major_they_do_no_harm() {
        assert_eq!(check(&[leg(Means::Migrations)], &readable(&["index mine"])), None);
    }
}
