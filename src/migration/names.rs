//! Names of files that an engine passes over, and whether somebody meant them to be migrations.

use crate::config::Format;
use crate::migration::Warning;

/// The warning about a file that `format` does not take: with the reason where its name is nearly right.
pub(super) fn ignored(format: Format, file: &str) -> Warning {
    match reason(format, file) {
        Some(reason) => Warning::Misnamed { file: file.to_owned(), format, reason: reason.to_owned() },
        None => Warning::Ignored(file.to_owned()),
    }
}

fn reason(format: Format, file: &str) -> Option<&'static str> {
    let lower = file.to_ascii_lowercase();
    let stem = lower.strip_suffix(".sql")?;
    let rest = stem.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let numbered = rest.len() < stem.len();
    let digits = stem.strip_suffix(rest).unwrap_or_default();
    Some(match format {
        _ if !file.ends_with(".sql") && format != Format::GolangMigrate => "it must end in `.sql`, in lower case",
        Format::Goose if numbered && rest.starts_with('_') => "its number must be above 0",
        Format::GolangMigrate | Format::Goose if numbered && !rest.starts_with('_') => {
            "there must be a `_` after its number"
        }
        Format::GolangMigrate if numbered && digits.parse::<u64>().is_err() => {
            "its number is above 18446744073709551615"
        }
        Format::GolangMigrate if numbered => "it must end in `.up.sql` or `.down.sql`, in lower case",
        _ => "it must begin with a number",
    })
}

/// The first of files in bytewise order that its engine runs before one with a smaller number.
pub(super) fn out_of_order<'a>(files: impl Iterator<Item = &'a str>) -> Option<Warning> {
    let number = |file: &'a str| {
        let end = file.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(file.len());
        file.get(..end).map(|digits| digits.trim_start_matches('0')).map(|digits| ((digits.len(), digits), file))
    };
    let mut highest: Option<((usize, &str), &str)> = None;
    for (number, file) in files.filter_map(number) {
        match highest {
            Some((other, earlier)) if number < other => {
                return Some(Warning::Order { earlier: earlier.to_owned(), later: file.to_owned() });
            }
            _ => highest = Some((number, file)),
        }
    }
    None
}
