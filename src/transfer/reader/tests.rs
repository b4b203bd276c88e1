use std::io::Read as _;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::Archive;

use super::*;
use crate::digest::{Fingerprint, Sha256};
use crate::transfer::document::{FORMAT, Role};
use crate::transfer::writer::{Contents, WriteError, Writer, write};

fn inventory(contents: Contents) -> Inventory {
    Inventory {
        format: FORMAT.to_owned(),
        version: VERSION,
        product: "gantry".to_owned(),
        release: Some("1.5.0".parse().unwrap()),
        schema: None,
        fingerprint: Fingerprint(Sha256::of(b"")),
        ledger: "schema_migrations".to_owned(),
        created: "2026-11-01T00:00:00Z".parse().unwrap(),
        encoding: "UTF-8".to_owned(),
        user_version: 0,
        application_id: 0,
        schema_sql: contents.schema_sql,
        tables: contents.tables,
    }
}

/// Two tables: one with three rows, one of which is as long as a whole part, and one without any.
fn export() -> Vec<u8> {
    let rows = |writer: &mut Writer| {
        writer.table("a", Role::Table, vec!["x".to_owned()])?;
        for text in ["one".to_owned(), "-".repeat(9 << 20), "three".to_owned()] {
            writer.row([Value::Text(text.into_bytes().into())].into_iter())?;
        }
        writer.table("b", Role::Table, vec!["x".to_owned()])
    };
    write(Vec::new(), "CREATE TABLE a(x);\nCREATE TABLE b(x);\n", rows, inventory).unwrap().0
}

/// The same with its members changed: each is a path and its bytes.
fn changed(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let export = export();
    let mut archive = Archive::new(GzDecoder::new(&export[..]));
    let mut members = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        members.push((String::from_utf8(entry.path_bytes().into_owned()).unwrap(), bytes));
    }
    change(&mut members);
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn refusal(export: &[u8]) -> String {
    inspect(export).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_in_parts_of_bounded_length() {
    let export = export();
    let (inventory, schema) = inspect(&export[..]).unwrap();
    assert_eq!(schema, "CREATE TABLE a(x);\nCREATE TABLE b(x);\n");
    let shape: Vec<_> = inventory.tables.iter().map(|table| (&*table.name, table.rows, table.parts.len())).collect();
    assert_eq!(shape, [("a", 3, 3), ("b", 0, 0)]);
    let mut lengths = Vec::new();
    let taken = rows(&export[..], &inventory, |table, row| {
        let [Value::Text(text)] = row else { panic!("{row:?}") };
        lengths.push((table.name.clone(), text.len()));
        Ok::<_, ReadError>(())
    });
    taken.unwrap();
    assert_eq!(lengths, [("a".to_owned(), 3), ("a".to_owned(), 9 << 20), ("a".to_owned(), 5)]);
}

#[test]
fn the_same_content_makes_the_same_bytes() {
    assert_eq!(Sha256::of(&export()), Sha256::of(&export()));
}

#[test]
fn an_export_that_is_cut_off_names_the_last_whole_member() {
    let export = export();
    for length in [0, 1, 20, export.len() / 2, export.len() - 9, export.len() - 1] {
        let error = inspect(&export[..length]).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { .. }), "{length}: {error}");
    }
    let without_end = changed(|members| drop(members.pop()));
    assert!(refusal(&without_end).contains("after `tables/a/000003.ndjson` no whole member follows"));
}

#[test]
fn an_altered_member_is_named_with_both_digests() {
    let row = changed(|members| members[2].1 = b"[\"two\"]\n".to_vec());
    let error = refusal(&row);
    assert!(error.contains("`tables/a/000001.ndjson` is not what `export.json` says"), "{error}");
    assert!(error.contains(&Sha256::of(b"[\"two\"]\n").to_string()), "{error}");
    assert!(error.contains(&Sha256::of(b"[\"one\"]\n").to_string()), "{error}");
    let schema = changed(|members| members[1].1.push(b' '));
    assert!(refusal(&schema).contains("`schema.sql` is not what"));
    let total = changed(|members| {
        let last = members.last_mut().unwrap();
        last.1 = String::from_utf8(last.1.clone()).unwrap().replace("\"rows\": 3,", "\"rows\": 4,").into_bytes();
    });
    assert!(refusal(&total).contains("`a` is not what `export.json` says: it has 3 rows"), "{}", refusal(&total));
}

#[test]
fn members_that_are_missing_moved_or_added_are_named() {
    assert!(refusal(&changed(|members| drop(members.remove(3)))).contains("`tables/a/000002.ndjson` is not what"));
    assert!(refusal(&changed(|members| members.swap(2, 4))).contains("`tables/a/000001.ndjson` is not what"));
    let twice = changed(|members| members.insert(5, members[4].clone()));
    assert!(refusal(&twice).contains("`tables/a/000003.ndjson` is not expected"));
    let foreign = changed(|members| members.insert(2, ("notes.txt".to_owned(), Vec::new())));
    assert!(refusal(&foreign).contains("`notes.txt` is not expected"));
    let late = changed(|members| members.push(members[4].clone()));
    assert!(refusal(&late).contains("`tables/a/000003.ndjson` is not expected"));
    assert!(refusal(&changed(|members| drop(members.remove(0)))).contains("does not begin with `format.json`"));
}

#[test]
fn a_newer_format_is_told_from_a_foreign_file() {
    let with = |opening: &str| refusal(&changed(|members| members[0].1 = opening.as_bytes().to_vec()));
    let newer = with(r#"{"format": "gantry-installer-export", "version": 2, "more": true}"#);
    assert_eq!(newer, "the export has the format 2, and this program reads up to 1");
    assert!(with(r#"{"format": "other", "version": 1}"#).contains("another kind of file"));
    assert!(with("{}").contains("cannot understand `format.json`"));
}

#[test]
fn nothing_may_follow_the_end() {
    let mut export = export();
    export.extend_from_slice(b"more");
    assert!(refusal(&export).contains("something follows its end"));
}

#[test]
fn a_line_that_is_no_row_is_named() {
    let wrong = changed(|members| members[2].1 = b"[1]\n[true]\n".to_vec());
    assert!(refusal(&wrong).contains("line 2 of `tables/a/000001.ndjson` is no row"));
}

#[test]
fn a_file_that_changed_since_it_was_inspected_is_refused() {
    let (inventory, _) = inspect(&export()[..]).unwrap();
    let other = changed(|members| members[2].1 = b"[\"two\"]\n".to_vec());
    let mut taken = 0;
    let outcome = rows(&other[..], &inventory, |_, _| {
        taken += 1;
        Ok::<_, ReadError>(())
    });
    assert!(matches!(outcome, Err(ReadError::Differs { .. })) && taken == 0);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = inspect(&bytes[..]);
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        std::io::Write::write_all(&mut packed, &bytes).unwrap();
        let _ = inspect(&packed.finish().unwrap()[..]);
    }
}

#[test]
fn an_output_that_fails_ends_the_export_with_its_own_words() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let rows = |writer: &mut Writer| {
        writer.table("a", Role::Table, vec!["x".to_owned()])?;
        (0..40).try_for_each(|_| writer.row([Value::Text("-".repeat(1 << 20).into_bytes().into())].into_iter()))
    };
    let error = write(Full, "", rows, inventory).err().unwrap();
    assert!(matches!(&error, WriteError::Output(cause) if cause.kind() == io::ErrorKind::StorageFull), "{error:?}");
}
