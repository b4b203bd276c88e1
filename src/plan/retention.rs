//! Which backups are one too many.

use super::observed::{Backup, BackupKind};
use crate::version::Version;

/// What of backups is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How many, newest first.
    pub count: u32,
    /// How many bytes they may take together.
    pub bytes: u64,
}

/// The backups beyond the number and size that are kept, newest first; `all` is oldest first.
///
/// The newest one is kept, whatever its size, and so are those that `needed` names and, of each major, the newest that a
/// rollback would take: there is no other way back across an import.
pub fn surplus(all: &[Backup], retention: Retention, needed: &[String]) -> Vec<Backup> {
    let major = |backup: &Backup| backup.version.as_ref().map(Version::major);
    let is_newest = |backup: &Backup| {
        let mut alike =
            all.iter().rev().filter(|other| other.kind != BackupKind::Abandoned && major(other) == major(backup));
        alike.next().is_some_and(|newest| newest.id == backup.id)
    };
    let mut gone = Vec::new();
    let (mut count, mut bytes) = (0, 0_u64);
    for backup in all.iter().rev() {
        let with = bytes.saturating_add(backup.bytes);
        let fits = count < retention.count && with <= retention.bytes;
        if fits || count == 0 || is_newest(backup) || needed.contains(&backup.id) {
            count += 1;
            bytes = with;
        } else {
            gone.push(backup.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha256;

    fn backup(id: &str, kind: BackupKind, bytes: u64) -> Backup {
        let (sha256, created) = (Sha256::of(b""), jiff::Timestamp::UNIX_EPOCH);
        Backup { id: id.to_owned(), kind, version: None, schema: None, bytes, sha256, created }
    }

    fn gone(all: &[Backup], count: u32, bytes: u64, needed: &[&str]) -> Vec<String> {
        let needed: Vec<String> = needed.iter().map(|id| (*id).to_owned()).collect();
        surplus(all, Retention { count, bytes }, &needed).into_iter().map(|backup| backup.id).collect()
    }

    #[test]
    fn the_oldest_beyond_the_number_go() {
        let all = ["1", "2", "3"].map(|id| backup(id, BackupKind::Before, 10));
        assert_eq!(gone(&all, 2, 100, &[]), ["1"]);
        assert_eq!(gone(&all, 3, 20, &[]), ["1"]);
        assert!(gone(&all, 3, 30, &[]).is_empty());
    }

    #[test]
    fn the_newest_the_newest_to_be_restored_and_what_is_needed_stay() {
        let all = [
            backup("1", BackupKind::Before, 10),
            backup("2", BackupKind::Before, 10),
            backup("3", BackupKind::Before, 10),
            backup("4", BackupKind::Abandoned, 99),
        ];
        assert_eq!(gone(&all, 1, 1, &[]), ["2", "1"]);
        assert_eq!(gone(&all, 1, 1, &["1"]), ["2"]);
    }

    #[test]
    fn the_newest_of_each_major_stays() {
        let of = |id, version: &str| Backup { version: version.parse().ok(), ..backup(id, BackupKind::Before, 10) };
        let all = [of("1", "1.6.0"), of("2", "1.7.0"), of("3", "2.0.0"), of("4", "2.1.0")];
        assert_eq!(gone(&all, 1, 1, &[]), ["3", "1"]);
    }
}
