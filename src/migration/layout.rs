//! Whether a directory is in the layout that somebody says it is in, and whether its files are finished.

use crate::config::Format;
use crate::migration::files::Files;
use crate::migration::{MigrationError, Piece, Script, Set, atlas, dbmate, golang_migrate, goose, sql_migrate};

/// What a reader made of `files`: with the name of their format, where it is another one than was said.
///
/// # Errors
/// Those of the reader, and files of another engine.
pub(super) fn checked(format: Format, read: Result<Set, MigrationError>, files: &Files) -> Result<Set, MigrationError> {
    let doubtful = match &read {
        Ok(set) => set.migrations().is_empty(),
        Err(MigrationError::Syntax { .. } | MigrationError::Duplicate { .. } | MigrationError::Sum { .. }) => true,
        Err(_) => false,
    };
    let found = if doubtful { recognised(files)? } else { named(files).filter(|_| format == Format::Atlas) };
    match found.filter(|(found, _)| *found != format) {
        Some((found, file)) => Err(MigrationError::Foreign { format, found, file: file.to_owned() }),
        None => read,
    }
}

/// The format that files are in, by their marks, and a file that shows it.
fn recognised(files: &Files) -> Result<Option<(Format, &str)>, MigrationError> {
    for entry in files.entries().into_iter().filter(|entry| entry.name.ends_with(".sql")) {
        if let Some(format) = marked(entry.name, &String::from_utf8_lossy(&files.content(entry)?)) {
            return Ok(Some((format, entry.name)));
        }
    }
    let summed = || files.entries().into_iter().find(|entry| entry.name == atlas::SUM);
    Ok(named(files).or_else(|| summed().map(|entry| (Format::Atlas, entry.name))))
}

/// The format whose marks are in a file.
pub(super) fn marked(file: &str, text: &str) -> Option<Format> {
    match text {
        _ if !file.ends_with(".sql") => None,
        text if goose::is_marked(text) => Some(Format::Goose),
        text if sql_migrate::is_marked(text) => Some(Format::SqlMigrate),
        text if dbmate::is_marked(text) => Some(Format::Dbmate),
        _ => None,
    }
}

/// golang-migrate's files have no marks, and names of their own.
fn named(files: &Files) -> Option<(Format, &str)> {
    let takes = |name: &str| name.ends_with(".sql") && golang_migrate::takes(name);
    files.entries().into_iter().find(|entry| takes(entry.name)).map(|entry| (Format::GolangMigrate, entry.name))
}

/// Marks that begin a template in Go, Jinja, shells and many other languages, and nothing in SQL.
const TEMPLATES: [&str; 3] = ["{{", "{%", "${"];

/// Whether nothing in a script is left to be filled in.
///
/// # Errors
/// A template.
pub(super) fn finished(format: Format, script: &Script) -> Result<(), MigrationError> {
    let second = |(one, other): (u8, &u8)| TEMPLATES.iter().any(|mark| mark.as_bytes() == [one, *other]);
    let has_mark = |sql: &str| sql.bytes().zip(sql.as_bytes().iter().skip(1)).any(second);
    let suspects = script.pieces.iter().filter(|piece| has_mark(&piece.sql));
    match suspects.into_iter().find_map(template) {
        None => Ok(()),
        Some((line, mark)) => {
            let (file, mark) = (script.file.clone(), mark.to_owned());
            Err(MigrationError::Template { format, file, line, mark })
        }
    }
}

/// The line and the mark of a template outside of literals, quoted names and comments.
fn template(piece: &Piece) -> Option<(usize, &'static str)> {
    crate::migration::lexer::tokens(&piece.sql).find_map(|token| {
        let rest = piece.sql.get(token.offset..)?;
        let mark = TEMPLATES.iter().find(|mark| rest.starts_with(**mark))?;
        let before = piece.sql.get(..token.offset)?;
        Some((piece.line + before.matches('\n').count(), *mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, files: &[(&str, &str)]) -> Result<Set, MigrationError> {
        let owned = |(file, text): &(&str, &str)| ((*file).to_owned(), text.as_bytes().to_vec());
        Set::read(format, files.iter().map(owned))
    }

    const GOLANG_MIGRATE: &[(&str, &str)] = &[("1_a.down.sql", "DROP TABLE a;"), ("1_a.up.sql", "CREATE TABLE a (x);")];
    const GOOSE: &[(&str, &str)] = &[("1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n")];
    const DBMATE: &[(&str, &str)] = &[("1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n")];
    const SQL_MIGRATE: &[(&str, &str)] = &[("1_a.sql", "-- +migrate Up\nSELECT 1;\n")];
    const ATLAS: &[(&str, &str)] = &[
        ("1_a.sql", "select 1;\n"),
        (
            "atlas.sum",
            "h1:x
",
        ),
    ];

    #[test]
    fn files_of_another_engine_are_refused_with_the_name_of_their_format() {
        let layouts = [
            (Format::GolangMigrate, GOLANG_MIGRATE),
            (Format::Goose, GOOSE),
            (Format::Dbmate, DBMATE),
            (Format::SqlMigrate, SQL_MIGRATE),
        ];
        for said in Format::ALL {
            for (format, files) in layouts.iter().filter(|(format, _)| *format != said) {
                let error = read(said, files).unwrap_err();
                let expected = MigrationError::Foreign { format: said, found: *format, file: files[0].0.to_owned() };
                let named = matches!(&error, MigrationError::Foreign { found, .. } if found == format);
                assert!(named, "{said}: {error:?} instead of {expected:?}");
                assert!(error.to_string().ends_with(&format!("set `format = \"{format}\"`")), "{error}");
            }
        }
        for said in [Format::Goose, Format::Dbmate, Format::SqlMigrate, Format::GolangMigrate] {
            let error = read(said, ATLAS).unwrap_err();
            assert!(matches!(error, MigrationError::Foreign { found: Format::Atlas, .. }), "{said}: {error:?}");
        }
    }

    #[test]
    fn a_sum_beside_the_files_of_another_engine_does_not_make_them_atlas_files() {
        let with_sum: Vec<_> = GOLANG_MIGRATE.iter().copied().chain([("atlas.sum", "h1:x")]).collect();
        assert_eq!(read(Format::GolangMigrate, &with_sum).unwrap().migrations().len(), 1);
        assert!(matches!(
            read(Format::Atlas, &with_sum),
            Err(MigrationError::Foreign { found: Format::GolangMigrate, .. })
        ));
    }

    #[test]
    fn a_template_is_refused_with_its_line_and_the_way_out() {
        for (mark, sql) in [
            ("{{", "SELECT 1;\nCREATE TABLE {{ .Prefix }}_a (x);"),
            ("${", "SELECT 1;\nCREATE TABLE ${SCHEMA}.a (x);"),
            ("{%", "-- it's\n{% if a %}SELECT 1;{% endif %}"),
        ] {
            let error = read(Format::GolangMigrate, &[("1_a.up.sql", sql)]).unwrap_err();
            let (format, file) = (Format::GolangMigrate, "1_a.up.sql".to_owned());
            assert_eq!(error, MigrationError::Template { format, file, line: 2, mark: mark.to_owned() });
            assert!(error.to_string().contains("format = \"command\""));
        }
        let literals = "-- {{ a }}\nINSERT INTO t VALUES ('{{ name }}', \"${b}\", '{%'); /* ${c} */ SELECT $name;";
        assert!(read(Format::GolangMigrate, &[("1_a.up.sql", literals)]).is_ok());
    }
}
