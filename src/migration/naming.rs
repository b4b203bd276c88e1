//! What a new migration is called, and what it begins as: numbered as the newest file of its directory is.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::config::Format;
use crate::migration::{MigrationError, atlas};

/// A file that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// What it begins as.
    pub content: String,
}

/// Why there is no name for a migration.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NamingError {
    /// A title that some engine or shell would trip over.
    #[error("`{title}` cannot be part of a file's name: letters, digits, `_` and `-` can; `{likely}` would do")]
    Title {
        /// What was asked for.
        title: String,
        /// What it may have meant.
        likely: String,
    },
    /// Nobody could tell the two apart.
    #[error("`{file}` is called so already")]
    Taken {
        /// The file.
        file: String,
    },
    /// No number comes after the newest one.
    #[error("after `{file}` there is no number that its engine can count to")]
    Exhausted {
        /// The newest file.
        file: String,
    },
    /// The engine runs files in the order of their names, and the next number is a digit longer.
    #[error("`{file}` would come before `{newest}`: {format} runs files in the order of their names")]
    SortsBefore {
        /// The file that would be made.
        file: String,
        /// The newest one.
        newest: String,
        /// The format.
        format: Format,
    },
}

/// The files of a new migration called `title`, in a directory with the files `names`, and its number as written.
///
/// The number follows the style of the newest file: a sequence with as many digits, a time of `YYYYMMDDHHMMSS` in UTC,
/// or seconds since 1970. An empty directory begins with a time, as every engine's own command does.
///
/// # Errors
/// A title that is taken or cannot be part of a name, and numbers that lead nowhere.
pub fn next(
    format: Format,
    names: &[String],
    title: &str,
    now: Timestamp,
) -> Result<(String, Vec<NewFile>), NamingError> {
    check(title)?;
    let files: Vec<_> = names.iter().filter_map(|name| Numbered::of(name)).collect();
    if let Some(same) = files.iter().find(|file| file.title().eq_ignore_ascii_case(title)) {
        return Err(NamingError::Taken { file: same.name.to_owned() });
    }
    let newest = files.iter().max_by_key(|file| file.number);
    let digits = match newest {
        None => Style::Time.number(None, now),
        Some(newest) => newest.style().number(Some(newest), now),
    };
    let exhausted = || NamingError::Exhausted { file: newest.map_or(String::new(), |file| file.name.to_owned()) };
    let digits = digits.filter(|digits| digits.parse::<i64>().is_ok()).ok_or_else(exhausted)?;
    let separator = match (format, newest.and_then(Numbered::separator)) {
        (Format::SqlMigrate, None) => '-',
        (Format::SqlMigrate | Format::Dbmate, Some(separator)) => separator,
        _ => '_',
    };
    let stem = format!("{digits}{separator}{title}");
    let files = templates(format, &stem, title);
    let last = names.iter().filter(|name| Numbered::of(name).is_some()).max();
    if let (Format::Dbmate | Format::Atlas, Some(last), Some(file)) = (format, last, files.first())
        && *last > file.name
    {
        return Err(NamingError::SortsBefore { file: file.name.clone(), newest: last.clone(), format });
    }
    Ok((digits, files))
}

/// The file that must vouch for all files of a directory once new ones are in it, where the format has one.
///
/// # Errors
/// A file that is not text.
pub fn voucher(format: Format, files: &[(String, Vec<u8>)]) -> Result<Option<NewFile>, MigrationError> {
    if format != Format::Atlas {
        return Ok(None);
    }
    Ok(Some(NewFile { name: atlas::SUM.to_owned(), content: atlas::sum_of(files)? }))
}

fn check(title: &str) -> Result<(), NamingError> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !title.is_empty() && title.len() <= LONGEST && title.chars().all(legal) && !title.starts_with('-') {
        return Ok(());
    }
    let spelled: String = title.chars().map(|letter| if legal(letter) { letter } else { '_' }).take(LONGEST).collect();
    let likely = match spelled.trim_matches(['_', '-']) {
        "" => "add_users".to_owned(),
        likely => likely.to_owned(),
    };
    Err(NamingError::Title { title: title.to_owned(), likely })
}

/// Of a title: with number and endings it stays below the 255 bytes of a file's name.
const LONGEST: usize = 200;

/// How a directory numbers its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// 1, 2, 3, with zeros before it up to this width.
    Sequence(usize),
    /// `YYYYMMDDHHMMSS`, in UTC.
    Time,
    /// Seconds since 1970.
    Seconds,
}

const TIME: &str = "%Y%m%d%H%M%S";

impl Style {
    /// The number after the newest one, in digits.
    fn number(self, newest: Option<&Numbered<'_>>, now: Timestamp) -> Option<String> {
        let after = newest.map_or(0, |newest| newest.number);
        match self {
            Self::Sequence(width) => after.checked_add(1).map(|number| format!("{number:0width$}")),
            Self::Seconds => Some(u64::try_from(now.as_second()).ok()?.max(after.checked_add(1)?).to_string()),
            Self::Time => {
                let now = now.to_zoned(TimeZone::UTC).datetime();
                // Two in one second, or a file from the future.
                let earliest = newest.and_then(|newest| time(newest.digits)).unwrap_or(DateTime::MIN);
                let next = earliest.checked_add(jiff::Span::new().seconds(1)).ok()?;
                Some(now.max(next).strftime(TIME).to_string())
            }
        }
    }
}

fn time(digits: &str) -> Option<DateTime> {
    (digits.len() == 14).then(|| DateTime::strptime(TIME, digits).ok()).flatten()
}

/// A file whose name begins with a number.
struct Numbered<'a> {
    name: &'a str,
    digits: &'a str,
    number: u64,
}

impl<'a> Numbered<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let end = name.find(|letter: char| !letter.is_ascii_digit())?;
        let (digits, rest) = (name.get(..end)?, name.get(end..)?);
        let number = digits.parse().ok()?;
        rest.starts_with(['_', '-', '.']).then_some(Self { name, digits, number })
    }

    fn separator(&self) -> Option<char> {
        self.name.get(self.digits.len()..)?.chars().next().filter(|letter| matches!(letter, '_' | '-'))
    }

    /// What its author called it.
    fn title(&self) -> &'a str {
        let rest = self.name.get(self.digits.len()..).unwrap_or_default().trim_start_matches(['_', '-']);
        let stem = rest.rsplit_once('.').map_or(rest, |(stem, _)| stem);
        stem.strip_suffix(".up").or_else(|| stem.strip_suffix(".down")).unwrap_or(stem)
    }

    fn style(&self) -> Style {
        let seconds = self.digits.len() == 10 && !self.digits.starts_with('0');
        match time(self.digits) {
            Some(_) => Style::Time,
            None if seconds => Style::Seconds,
            None => Style::Sequence(self.digits.len()),
        }
    }
}

fn templates(format: Format, stem: &str, title: &str) -> Vec<NewFile> {
    let file = |ending: &str, content: String| NewFile { name: format!("{stem}{ending}"), content };
    let up = format!("-- {title}: one logical change.\n");
    let down = "-- The schema is afterwards what it was before.\n";
    match format {
        Format::GolangMigrate => vec![file(".up.sql", up), file(".down.sql", down.to_owned())],
        Format::Goose => vec![file(".sql", format!("-- +goose Up\n{up}\n-- +goose Down\n{down}"))],
        Format::Dbmate => vec![file(".sql", format!("-- migrate:up\n{up}\n-- migrate:down\n{down}"))],
        Format::SqlMigrate => vec![file(".sql", format!("-- +migrate Up\n{up}\n-- +migrate Down\n{down}"))],
        Format::Atlas | Format::Command => vec![file(".sql", up)],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T04:30:05Z".parse().unwrap()
    }

    /// The names of the files that follow.
    fn following(format: Format, names: &[&str], title: &str) -> Result<Vec<String>, NamingError> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(next(format, &names, title, now())?.1.into_iter().map(|file| file.name).collect())
    }

    #[test]
    fn the_number_follows_the_style_of_the_newest_file() {
        for (names, expected) in [
            (&["0007_a.up.sql", "0007_a.down.sql", "README.md"][..], "0008_b.up.sql"),
            (&["9_a.up.sql", "002_c.up.sql"], "10_b.up.sql"),
            (&["999_a.up.sql"], "1000_b.up.sql"),
            (&["20250101120000_a.up.sql", "0001_first.up.sql"], "20261121043005_b.up.sql"),
            (&["20261121043005_a.up.sql"], "20261121043006_b.up.sql"),
            (&["20991231235959_a.up.sql"], "21000101000000_b.up.sql"),
            (&["1600000000_a.up.sql"], "1795235405_b.up.sql"),
            (&["0000000041_a.up.sql"], "0000000042_b.up.sql"),
            (&[], "20261121043005_b.up.sql"),
        ] {
            let names = following(Format::GolangMigrate, names, "b").unwrap();
            assert_eq!(names, [expected.to_owned(), expected.replace(".up.", ".down.")]);
        }
    }

    #[test]
    fn every_format_gets_its_own_files_and_markers() {
        let first = |format| next(format, &["0001_a.sql".to_owned()], "b", now()).unwrap().1.remove(0);
        assert!(first(Format::Goose).content.starts_with("-- +goose Up\n"));
        assert!(first(Format::Dbmate).content.contains("\n-- migrate:down\n"));
        assert!(first(Format::SqlMigrate).content.contains("\n-- +migrate Down\n"));
        assert_eq!(first(Format::Atlas).name, "0002_b.sql");
        assert_eq!(following(Format::SqlMigrate, &[], "b").unwrap(), ["20261121043005-b.sql"]);
        assert_eq!(following(Format::SqlMigrate, &["3-a.sql"], "b").unwrap(), ["4-b.sql"]);
    }

    #[test]
    fn a_title_that_is_taken_or_is_no_name_is_refused() {
        let taken = following(Format::GolangMigrate, &["0001_Users.down.sql"], "users").unwrap_err();
        assert_eq!(taken.to_string(), "`0001_Users.down.sql` is called so already");
        for (title, likely) in
            [("", "add_users"), ("add users", "add_users"), ("../x", "x"), ("-x", "x"), ("añadir", "a_adir")]
        {
            let refused = following(Format::Goose, &[], title).unwrap_err();
            assert_eq!(refused, NamingError::Title { title: title.to_owned(), likely: likely.to_owned() });
        }
    }

    #[test]
    fn a_number_that_its_engine_would_not_run_last_is_refused() {
        let longer = following(Format::Dbmate, &["9_a.sql"], "b").unwrap_err();
        assert_eq!(
            longer.to_string(),
            "`10_b.sql` would come before `9_a.sql`: dbmate runs files in the order of their names"
        );
        let last = format!("{}_a.up.sql", i64::MAX);
        let exhausted = following(Format::GolangMigrate, &[&last], "b").unwrap_err();
        assert_eq!(exhausted, NamingError::Exhausted { file: last });
    }

    proptest! {
        #[test]
        fn what_follows_any_directory_comes_last_and_is_new(
            names in proptest::collection::vec("[0-9]{0,15}[_.-]?[a-z.]{0,4}(.up)?(.sql)?", 0..6),
            title in "\\PC{0,6}",
        ) {
            if let Ok((digits, files)) = next(Format::GolangMigrate, &names, &title, now()) {
                let number: u64 = digits.parse().unwrap();
                prop_assert!(names.iter().filter_map(|name| Numbered::of(name)).all(|file| file.number < number));
                prop_assert!(files.iter().all(|file| !names.contains(&file.name)));
            }
        }
    }
}
