//! What runs leave behind, and read again: after a power cut on a bad disk, or written by another version.

use std::path::Path;

use super::text;
use crate::journal::package::{Package, Pending};
use crate::journal::{gate::GateRecord, record, releases::ReleaseRecord};
use crate::manifest::trust::Trust;
use crate::plan::observed::Backup;
use crate::plan::probation::Probation;
use crate::plan::{Operation, Plan, Point, Step};
use crate::run::Report;
use crate::run::recover::{Remaining, is_given_up, remaining};
use crate::sys::lock::Owner;
use crate::transfer::{reader, value};

/// Lines without their checksums, which no fuzzer finds; a line that begins with `!` is taken as it is.
pub(super) fn journal(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let lines = text.split_inclusive('\n').map(|line| match (line.strip_prefix('!'), line.strip_suffix('\n')) {
        (Some(raw), _) => raw.to_owned(),
        (None, Some(entry)) => crate::journal::line_of(entry),
        (None, None) => line.to_owned(),
    });
    let file: String = lines.collect();
    let Ok((entries, length)) = crate::journal::parse(Path::new("journal"), file.as_bytes()) else { return };
    let whole = usize::try_from(length).unwrap_or(usize::MAX);
    let again = file.as_bytes().get(..whole).and_then(|kept| crate::journal::parse(Path::new("journal"), kept).ok());
    assert_eq!(again, Some((entries.clone(), length)));
    let plan = plan();
    let commit = plan.commit().unwrap_or(usize::MAX);
    let _ = is_given_up(&entries);
    match remaining(&plan, &entries) {
        Remaining::Nothing(_) => {}
        Remaining::Forward(steps) => assert!(steps.iter().all(|step| (commit..plan.steps.len()).contains(step))),
        Remaining::Back(steps) => assert!(steps.iter().all(|step| *step < plan.steps.len())),
    }
}

/// The first byte says which record.
pub(super) fn records(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let path = Path::new("record");
    match which {
        b'p' => {
            if let Ok(plan) = record::parse::<Plan>(path, bytes) {
                let _ = (plan.commit(), plan.exchanges());
                assert!(plan.steps.iter().all(|step| !step.name().is_empty() && step.undo() == step.undo()));
            }
        }
        b'g' => drop(record::parse::<GateRecord>(path, bytes)),
        b't' => drop(record::parse::<Trust>(path, bytes)),
        b'r' => drop(record::parse::<ReleaseRecord>(path, bytes)),
        b'b' => drop(record::parse::<Backup>(path, bytes)),
        b'e' => drop(record::parse::<Report>(path, bytes)),
        b'w' => drop(record::parse::<Probation>(path, bytes)),
        b'k' => drop(record::parse::<Package>(path, bytes)),
        b'l' => drop(record::parse::<Pending>(path, bytes)),
        b'o' => drop(record::parse::<record::Owner>(path, bytes)),
        _ => drop(serde_json::from_slice::<Owner>(bytes)),
    }
}

/// One row (`r`), or the blocks of the archive that an export is.
pub(super) fn export(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    if *which != b'r' {
        let _ = reader::inspect(&crate::verify::fuzzing::compressed(bytes)[..]);
        return;
    }
    let Ok(row) = value::read_row(bytes) else { return };
    let mut line = Vec::new();
    if value::write_row(&mut line, row.iter().cloned()).is_ok() {
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        assert!(value::read_row(line).is_ok_and(|again| again.len() == row.len()), "{}", String::from_utf8_lossy(line));
    }
}

fn plan() -> Plan {
    Plan {
        run: "000001-upgrade".to_owned(),
        operation: Operation::Upgrade,
        from: Point::default(),
        to: Point::default(),
        strategy: None,
        database: "/db".into(),
        triggers: Vec::new(),
        was_running: true,
        restart_ms: None,
        max_downtime_ms: None,
        probation_ms: None,
        agreed: None,
        steps: vec![
            Step::Stop,
            Step::CatchUp,
            Step::Exchange { replaces: true },
            Step::Start,
            Step::Prove,
            Step::Commit,
            Step::Tidy,
        ],
    }
}
