//! The gallery of archives that nobody should publish, each with a name, and what it gets. `docs/security.md` has a row
//! for each of them.

mod cases;
mod forged;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::causes;
use crate::sys::fs;
use crate::verify::Limits;
use crate::verify::samples::unpack_in;

/// One archive.
struct Case {
    name: &'static str,
    /// The whole file.
    file: Vec<u8>,
    limits: Limits,
    gets: Gets,
}

/// What becomes of it.
enum Gets {
    /// It is not unpacked, and these are among the words that say why.
    Refused(&'static str),
    /// It is unpacked, and then exactly these files and symlinks are there.
    Taken(&'static [&'static str]),
}

#[test]
fn every_archive_of_the_gallery_gets_what_the_document_says() {
    for case in cases::all() {
        let around = tempfile::tempdir().unwrap();
        let place = around.path().join("place");
        fs::create_dir_all(&place, 0o700).unwrap();
        // Looks for itself at what is left in the place.
        let unpacked = unpack_in(&place, &case.file, &case.limits);
        assert_eq!(fs::names(around.path()).unwrap(), ["place"], "{}", case.name);
        match (unpacked, case.gets) {
            (Err(fault), Gets::Refused(words)) => {
                let said = causes::in_one_line(&fault);
                assert!(said.contains(words), "{}: {said}", case.name);
            }
            (Ok(_), Gets::Taken(files)) => {
                let mut found = BTreeSet::new();
                collect(&place.join("staged"), "", &mut found);
                assert_eq!(found, files.iter().map(|file| (*file).to_owned()).collect(), "{}", case.name);
            }
            (found, _) => panic!("{}: {found:?}", case.name),
        }
    }
}

/// Files and symlinks by their names; their owner is this user, and they have no more rights than a release needs.
fn collect(root: &Path, inside: &str, found: &mut BTreeSet<String>) {
    for name in fs::names(&root.join(inside)).unwrap() {
        let name = format!("{inside}{}", name.to_string_lossy());
        let path = root.join(&name);
        let kind = fs::kind(&path).unwrap();
        if kind.is_symlink() {
            found.insert(name);
            continue;
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert!(matches!(mode, 0o644 | 0o755), "{name}: {mode:o}");
        if kind.is_dir() {
            collect(root, &format!("{name}/"), found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn the_document_has_a_row_for_each_archive_and_no_other() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let document = String::from_utf8(fs::read(&document).unwrap()).unwrap();
    let (_, table) = document.split_once("<!-- the gallery -->\n").expect("the table of the gallery");
    let (table, _) = table.split_once("\n\n").unwrap_or((table, ""));
    let rows: BTreeSet<String> = table
        .lines()
        .skip(2)
        .map(|row| {
            let mut cells = row.split('|').map(str::trim);
            format!("{} | {}", cells.nth(1).unwrap(), cells.next().unwrap())
        })
        .collect();
    let wanted: Vec<String> = cases::all().iter().map(row).collect();
    assert!(wanted.len() >= 40);
    let expected: BTreeSet<String> = wanted.iter().cloned().collect();
    assert_eq!(expected.len(), wanted.len(), "two have one name");
    let missing: Vec<_> = expected.difference(&rows).collect();
    let foreign: Vec<_> = rows.difference(&expected).collect();
    assert!(missing.is_empty() && foreign.is_empty(), "missing: {missing:#?}\nof none: {foreign:#?}");
}

fn row(case: &Case) -> String {
    let gets = match &case.gets {
        Gets::Refused(words) => format!("refused: {words}"),
        Gets::Taken([]) => "unpacked, with nothing in it".to_owned(),
        Gets::Taken(files) => {
            let own = |file: &&&str| !matches!(**file, "bin/g" | "migrations/1_a.up.sql");
            let extra: Vec<String> =
                files.iter().filter(own).map(|file| format!("`{}`", file.escape_debug())).collect();
            if extra.is_empty() { "unpacked".to_owned() } else { format!("unpacked, with {}", extra.join(" and ")) }
        }
    };
    format!("{} | {gets}", case.name)
}
