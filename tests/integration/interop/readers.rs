//! What we read from a file is what the engine reads, whatever stands in it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gantry_installer::config::Format;
use gantry_installer::digest::Sha256;
use gantry_installer::migration::{Half, Set, Transaction};
use serde::Deserialize;

use super::driver;
use super::wandering::Dice;

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Reading {
    error: String,
    up: Way,
    down: Way,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
struct Way {
    pieces: Option<Vec<String>>,
    transaction: bool,
}

/// What lines of such files are made of.
fn words(format: &str) -> Vec<&'static str> {
    let own: &[&str] = match format {
        "goose" => &[
            "-- +goose Up\n",
            "-- +goose Down\n",
            "-- +goose StatementBegin\n",
            "-- +goose StatementEnd\n",
            "--+goose up\n",
            "-- +goose NO TRANSACTION\n",
            "-- +goose ENVSUB ON\n",
            "-- +goose ENVSUB OFF\n",
            "+goose",
            "$$",
            "\\$",
            "\\\\",
            "$(",
        ],
        "dbmate" => &[
            "-- migrate:up",
            "-- migrate:down",
            "-- migrate:up\n",
            "-- migrate:down\n",
            "--migrate:up transaction:false\n",
            "-- migrate:down a:b transaction:false\n",
            "transaction:false",
            " transaction:true",
            "migrate:up",
            ":",
        ],
        "sql-migrate" => &[
            "-- +migrate Up\n",
            "-- +migrate Down\n",
            "-- +migrate StatementBegin\n",
            "-- +migrate StatementEnd\n",
            "-- +migrate Up notransaction\n",
            "-- +migrate Down notransaction\n",
            "-- +migrate ",
            "-- +",
            "--+migrate Up\n",
        ],
        _ => &[
            "-- atlas:delimiter \\n\\n\n",
            "-- atlas:delimiter //\n",
            "-- atlas:txmode none\n\n",
            "-- atlas:txmode file\n",
            "-- atlas:sum ignore\n",
            "DELIMITER //\n",
            "delimiter ;\n",
            "BEGIN ",
            "begin\n",
            "END;",
            "END",
            " end ;",
            "(",
            ")",
            "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;\n",
            "/*",
            "*/",
            "//",
            "`",
            "\"",
            "#",
        ],
    };
    let every: &[&str] = &[
        "\n",
        "\n",
        "\n",
        "\r\n",
        " ",
        "\t",
        ";",
        ";\n",
        "--",
        "-- c\n",
        "--c\n",
        "'",
        "SELECT 1;\n",
        "a",
        "é",
        "\u{a0}",
        "\u{feff}",
    ];
    [own, every].concat()
}

/// A file that begins like one of its kind, and goes on by chance.
fn file(format: &str, dice: &mut Dice) -> String {
    let words = words(format);
    let mut text = String::new();
    if dice.below(4) > 0 && format != "atlas" {
        text += words[0];
    }
    for _ in 0..dice.below(24) {
        text += words[dice.below(words.len())];
    }
    if dice.below(2) == 0 {
        text += "\n";
        text += words[1];
    }
    text
}

fn by_engine(driver: &std::path::Path, format: &str, files: &[String]) -> Vec<Reading> {
    let mut child =
        Command::new(driver).args(["read", format]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = files.iter().map(|file| base64(file.as_bytes()) + "\n").collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

/// Atlas's files come with the sum that Atlas made, which is what stands in for their way down.
fn by_us(format: &str, text: &str, theirs: &Reading) -> Reading {
    let mut files = vec![("1_a.sql".to_owned(), text.as_bytes().to_vec())];
    if format == "atlas" {
        let entry = theirs.down.pieces.as_ref().and_then(|pieces| pieces.first()).cloned().unwrap_or_default();
        files.push(("atlas.sum".to_owned(), sum(&entry).into_bytes()));
    }
    let set = match Set::read(Format::named(format).unwrap(), files.into_iter()) {
        Ok(set) => set,
        Err(error) => return Reading { error: error.to_string(), up: Way::default(), down: Way::default() },
    };
    let migration = &set.migrations()[0];
    let way = |half: &Option<Half>| {
        let script = half.as_ref().map(|half| half.script().unwrap());
        Way {
            pieces: script.as_ref().map(|script| script.pieces.iter().map(|piece| piece.sql.clone()).collect()),
            transaction: script.as_ref().is_none_or(|script| script.transaction == Transaction::Around),
        }
    };
    let (up, mut down) = (way(&migration.up), way(&migration.down));
    if let Some(sum) = &migration.sum {
        down = Way { pieces: Some(vec![sum.clone()]), transaction: false };
    }
    Reading { error: String::new(), up, down }
}

/// It has no entry for a file that asks for none.
fn sum(entry: &str) -> String {
    let (all, line) = match entry {
        "" => (String::new(), String::new()),
        entry => (format!("1_a.sql{entry}"), format!("1_a.sql h1:{entry}\n")),
    };
    format!("h1:{}\n{line}", Sha256::of(all.as_bytes()).base64())
}

/// Nothing read is nothing read, whether there was a section or not.
fn flat(mut reading: Reading) -> Reading {
    for way in [&mut reading.up, &mut reading.down] {
        let pieces = way.pieces.take().unwrap_or_default();
        way.transaction |= pieces.is_empty();
        way.pieces = Some(pieces);
    }
    reading
}

#[test]
fn a_file_means_to_us_what_it_means_to_its_engine() {
    let Some(driver) = driver() else { return };
    for (format, seed) in ["goose", "dbmate", "sql-migrate", "atlas"].into_iter().zip(20_261_121..) {
        let mut dice = Dice(seed);
        let files: Vec<_> = (0..FILES).map(|_| file(format, &mut dice)).collect();
        let (mut read, mut refused) = (0, 0);
        for (text, theirs) in files.iter().zip(by_engine(&driver, format, &files)) {
            let ours = by_us(format, text, &theirs);
            if theirs.error.is_empty() && ours.error.is_empty() {
                assert_eq!(flat(ours), flat(theirs), "{format}: {text:?}");
                read += 1;
            } else if !theirs.error.is_empty() && !ours.error.is_empty() {
                refused += 1;
            } else {
                assert!(moved(format, text), "{format}: {text:?}\nours: {:?}\ntheirs: {:?}", ours.error, theirs.error);
            }
        }
        println!("{format}: seed {seed}, {read} files read alike, {refused} refused");
        assert!(read > FILES / 20, "{format}: too few files are any good");
    }
}

const FILES: usize = 4_000;

/// dbmate 2.28 takes a second block for the text of the first, and no marker of a way down before that of the way up.
/// Its later releases hold it the other way round, and so do we.
fn moved(format: &str, text: &str) -> bool {
    let (ups, downs) = (text.matches("migrate:up").count(), text.matches("migrate:down").count());
    format == "dbmate" && (ups > 1 || downs > 1)
}
