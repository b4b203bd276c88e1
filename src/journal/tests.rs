use proptest::prelude::*;

use super::*;

fn journal(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("journal")
}

#[test]
fn a_last_line_that_is_whole_and_not_understood_is_not_taken_for_a_torn_one() {
    let directory = tempfile::tempdir().unwrap();
    let line = line_of(r#"{"at":"2026-11-21T00:00:00Z","event":"of-a-newer-installer"}"#);
    fs::write_durable(&journal(&directory), line.as_bytes(), 0o600).unwrap();
    assert!(matches!(Journal::open(&journal(&directory)), Err(JournalError::Damaged { line: 1, .. })));
    assert_eq!(fs::read(&journal(&directory)).unwrap(), line.as_bytes());
}

#[test]
fn what_was_appended_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut open = Journal::open(&journal(&directory)).unwrap();
    open.append(Event::Intend { step: 0 }).unwrap();
    open.append(Event::Done { step: 0, ms: 3 }).unwrap();
    assert_eq!(Journal::read(&journal(&directory)).unwrap(), open.entries());
}

#[test]
fn what_was_noted_is_written_with_the_next_entry_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = journal(&directory);
    let mut open = Journal::open(&path).unwrap();
    open.append(Event::Intend { step: 0 }).unwrap();
    open.note(Event::Done { step: 0, ms: 3 });
    assert_eq!(Journal::read(&path).unwrap().len(), 1);
    open.append(Event::Intend { step: 1 }).unwrap();
    let events = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.event).collect::<Vec<_>>();
    let all = [Event::Intend { step: 0 }, Event::Done { step: 0, ms: 3 }, Event::Intend { step: 1 }];
    assert_eq!(events(Journal::read(&path).unwrap()), all);

    let mut bytes = fs::read(&path).unwrap();
    let cut = bytes.len() - 1;
    bytes.truncate(cut);
    fs::write_durable(&path, &bytes, 0o600).unwrap();
    assert_eq!(events(Journal::read(&path).unwrap()), all[..1], "a torn line counts for nothing");
}

#[test]
fn damage_before_the_last_line_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = journal(&directory);
    let mut open = Journal::open(&path).unwrap();
    open.append(Event::Intend { step: 0 }).unwrap();
    open.append(Event::Done { step: 0, ms: 3 }).unwrap();
    let text = String::from_utf8(fs::read(&path).unwrap()).unwrap().replacen("intend", "intent", 1);
    fs::write_durable(&path, text.as_bytes(), 0o600).unwrap();
    assert!(matches!(Journal::read(&path), Err(JournalError::Damaged { line: 1, .. })));
}

proptest! {
    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_lines_and_goes_on(count in 1usize..6, cut in 0usize..400) {
        let directory = tempfile::tempdir().unwrap();
        let path = journal(&directory);
        let mut open = Journal::open(&path).unwrap();
        for step in 0..count {
            open.append(Event::Intend { step }).unwrap();
        }
        let bytes = fs::read(&path).unwrap();
        let kept = &bytes[..cut.min(bytes.len())];
        fs::write_durable(&path, kept, 0o600).unwrap();
        let whole = kept.iter().filter(|byte| **byte == b'\n').count();
        let mut again = Journal::open(&path).unwrap();
        prop_assert_eq!(again.entries(), &open.entries()[..whole]);
        again.append(Event::Recover).unwrap();
        prop_assert_eq!(Journal::read(&path).unwrap().len(), whole + 1);
    }
}
