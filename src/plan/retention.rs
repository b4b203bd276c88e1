//! Which backups are one too many.

use std::fmt;

use super::observed::{Backup, BackupKind};
use super::room::size;
use crate::version::Version;

/// What of backups is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How many, newest first.
    pub count: u32,
    /// How many bytes they may take together.
    pub bytes: u64,
}

/// What becomes of a backup, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is within the number and the size.
    Kept,
    /// It is the newest of all.
    Newest,
    /// It is the newest of its major that a rollback would take: there is no other way back across an import.
    WayBack,
    /// A run, or a probation, needs it.
    Needed,
    /// So many newer ones are kept.
    Many(u32),
    /// With it the backups would take more than so many bytes.
    Large(u64),
}

impl Fate {
    /// Whether it is removed.
    pub fn is_surplus(self) -> bool {
        matches!(self, Self::Many(_) | Self::Large(_))
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("within `backup.keep` and `backup.max_bytes`"),
            Self::Newest => f.write_str("the newest is always kept"),
            Self::WayBack => f.write_str("the newest of its major that a rollback would take is always kept"),
            Self::Needed => f.write_str("it may be needed to go back from the last upgrade"),
            Self::Many(count) => write!(f, "`backup.keep = {count}` newer ones are kept"),
            Self::Large(bytes) => write!(f, "with it they take more than `backup.max_bytes`, {}", size(*bytes)),
        }
    }
}

/// Each backup with what becomes of it, newest first; `all` is oldest first. Those that `needed` names are kept.
pub fn fates(all: &[Backup], retention: Retention, needed: &[String]) -> Vec<(Backup, Fate)> {
    let major = |backup: &Backup| backup.version.as_ref().map(Version::major);
    let is_newest = |backup: &Backup| {
        let mut alike =
            all.iter().rev().filter(|other| other.kind != BackupKind::Abandoned && major(other) == major(backup));
        alike.next().is_some_and(|newest| newest.id == backup.id)
    };
    let (mut count, mut bytes) = (0, 0_u64);
    let judged = all.iter().rev().map(|backup| {
        let with = bytes.saturating_add(backup.bytes);
        let fate = match backup {
            _ if count < retention.count && with <= retention.bytes => Fate::Kept,
            _ if count == 0 => Fate::Newest,
            backup if is_newest(backup) => Fate::WayBack,
            backup if needed.contains(&backup.id) => Fate::Needed,
            _ if count >= retention.count => Fate::Many(retention.count),
            _ => Fate::Large(retention.bytes),
        };
        if !fate.is_surplus() {
            count += 1;
            bytes = with;
        }
        (backup.clone(), fate)
    });
    judged.collect()
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
        let fates = fates(all, Retention { count, bytes }, &needed);
        fates.into_iter().filter(|(_, fate)| fate.is_surplus()).map(|(backup, _)| backup.id).collect()
    }

    #[test]
    fn of_each_backup_it_is_said_why_it_goes_or_stays() {
        let all = [
            backup("1", BackupKind::Before, 10),
            backup("2", BackupKind::Before, 10),
            backup("3", BackupKind::Manual, 50),
            backup("4", BackupKind::Abandoned, 10),
        ];
        let fates = fates(&all, Retention { count: 2, bytes: 30 }, &["1".to_owned()]);
        let said: Vec<_> = fates.iter().map(|(backup, fate)| (backup.id.as_str(), *fate)).collect();
        // The way back does not fit beside the newest, and leaves no room for the one below it.
        assert_eq!(said, [("4", Fate::Kept), ("3", Fate::WayBack), ("2", Fate::Many(2)), ("1", Fate::Needed)]);
        assert_eq!(Fate::Large(1 << 30).to_string(), "with it they take more than `backup.max_bytes`, 1.0 GiB");
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
