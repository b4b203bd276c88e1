//! Sequential: versions without gaps and repetitions, in the order in which people read them, with names that say what
//! is done.

use std::collections::BTreeSet;

use super::lock::Lock;
use super::{Directory, Finding, rule};
use crate::config::Format;
use crate::migration::{Half, Migration, Set, Warning};
use crate::version::SchemaVersion;

/// Judges the names of the files.
pub(super) fn judge(directory: &Directory<'_>, lock: &Lock) -> Vec<Finding> {
    let numbered: Vec<_> = directory.set.migrations().iter().filter_map(|migration| Numbered::of(migration)).collect();
    let mut findings = numbers(&numbered);
    findings.extend(order(&numbered));
    findings.extend(behind(directory.set, lock));
    findings.extend(directory.set.migrations().iter().filter_map(|migration| name(migration)));
    if directory.format == Format::GolangMigrate {
        findings.extend(directory.set.migrations().iter().filter_map(|migration| two_names(migration)));
    }
    findings.extend(directory.set.remarks().iter().filter_map(|warning| odd(warning, directory)));
    findings
}

/// A migration whose version begins with a number.
struct Numbered<'a> {
    number: i64,
    file: &'a str,
}

impl<'a> Numbered<'a> {
    fn of(migration: &'a Migration) -> Option<Self> {
        let file = file(migration)?;
        let number = match &migration.version {
            SchemaVersion::Number(number) => *number,
            SchemaVersion::Text(text) => {
                let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok()?
            }
        };
        Some(Self { number, file })
    }

    /// Whether it counts migrations. From here on numbers are dates, times, or seconds since 1970.
    fn counts(&self) -> bool {
        self.number < 10_000_000
    }
}

fn file(migration: &Migration) -> Option<&str> {
    migration.up.iter().chain(&migration.down).map(Half::file).next()
}

fn numbers(all: &[Numbered<'_>]) -> Vec<Finding> {
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by_key(|one| one.number);
    let counted: Vec<_> = sorted.iter().filter(|one| one.counts()).collect();
    let step = step(&counted.iter().map(|one| one.number).collect::<Vec<_>>());
    let mut findings = Vec::new();
    if let Some(first) = counted.first().filter(|first| first.number > step) {
        findings.push(rule::LATE_START.found(first.file, format!("the first migration is number {}", first.number)));
    }
    for pair in counted.windows(2) {
        let [left, right] = pair else { continue };
        let (first, last) = (left.number + step, right.number - step);
        if left.number == right.number {
            let what = format!("`{}` and `{}` have the same number", left.file, right.file);
            findings.push(rule::DUPLICATE.found(right.file, what));
        } else if first == last {
            findings.push(rule::GAP.found(right.file, format!("there is no migration {first} before it")));
        } else if first < last {
            findings.push(rule::GAP.found(right.file, format!("there are no migrations {first} to {last} before it")));
        }
    }
    if let (Some(_), Some(timed)) = (counted.first(), sorted.iter().find(|one| !one.counts())) {
        let what = "it is named by time, and others are counted";
        findings.push(rule::MIXED_NUMBERS.found(timed.file, what));
    }
    findings
}

/// How far apart the numbers are meant to be: some count in tens, to have room for what never comes.
fn step(numbers: &[i64]) -> i64 {
    let apart = numbers.windows(2).map(|pair| match pair {
        [left, right] => right - left,
        _ => 0,
    });
    let common = apart.fold(0, divisor);
    if numbers.len() > 2 && common > 0 && common % 5 == 0 { common } else { 1 }
}

/// The greatest common divisor, after Euclid.
fn divisor(left: i64, right: i64) -> i64 {
    if right == 0 { left } else { divisor(right, left % right) }
}

/// `all` stand in the order in which their engine runs them.
fn order(all: &[Numbered<'_>]) -> Option<Finding> {
    let mut pairs = all.iter().zip(all.iter().skip(1));
    let (left, right) = pairs.find(|(left, right)| left.number < right.number && left.file > right.file)?;
    Some(rule::UNEVEN.found(right.file, format!("it is sorted before `{}`", left.file)))
}

/// What the reader of the format found odd about names.
fn odd(warning: &Warning, directory: &Directory<'_>) -> Option<Finding> {
    match warning {
        Warning::Order { earlier, later } => {
            Some(rule::BYTEWISE.found(later, format!("it comes after `{earlier}`, which has a higher number")))
        }
        Warning::Misnamed { file, reason, .. } => Some(nearly(file, reason, directory)),
        _ => None,
    }
}

/// New migrations before locked ones.
fn behind(set: &Set, lock: &Lock) -> Vec<Finding> {
    let files: Vec<_> = set.migrations().iter().filter_map(|migration| file(migration)).collect();
    let Some(last) = files.iter().rposition(|file| lock.has(file)) else { return Vec::new() };
    let locked = files.get(last).copied().unwrap_or_default();
    let new = files.iter().take(last).filter(|file| !lock.has(file));
    new.map(|file| rule::BEHIND_LOCK.found(file, format!("it comes before `{locked}`, which is locked"))).collect()
}

/// Words that could stand on any migration.
const VAGUE: [&str; 17] = [
    "alter",
    "change",
    "changes",
    "db",
    "fix",
    "fixes",
    "migrate",
    "migration",
    "misc",
    "new",
    "schema",
    "stuff",
    "temp",
    "test",
    "tmp",
    "update",
    "wip",
];

fn name(migration: &Migration) -> Option<Finding> {
    let file = file(migration)?;
    let words = migration.name.to_ascii_lowercase();
    let bare = words.trim_matches(|letter: char| !letter.is_alphabetic());
    if bare.is_empty() {
        return Some(rule::NO_NAME.found(file, "it has no name"));
    }
    VAGUE.contains(&bare).then(|| rule::VAGUE_NAME.found(file, format!("its name is `{}`", migration.name)))
}

fn two_names(migration: &Migration) -> Option<Finding> {
    let (up, down) = (migration.up.as_ref()?.file(), migration.down.as_ref()?.file());
    let title = |file: &str, direction: &str| {
        let end = file.rfind(direction)?;
        Some(file.get(..end)?.trim_start_matches(|letter: char| letter.is_ascii_digit()).to_owned())
    };
    let differ = title(up, ".up.") != title(down, ".down.");
    differ.then(|| rule::TWO_NAMES.found(down, format!("it goes with `{up}`, which has another name")))
}

/// A file that its engine passes over, and that somebody may have meant to be a migration.
fn nearly(file: &str, reason: &str, directory: &Directory<'_>) -> Finding {
    let small = file.to_ascii_lowercase();
    let numbered = small.starts_with(|letter: char| letter.is_ascii_digit());
    let meant = numbered || small.contains(".up.sql") || small.contains(".down.sql");
    let instead = match right_name(file, directory) {
        Some(name) => format!("name it `{name}`"),
        None => format!("name it as `{}`, or put it elsewhere", example(directory.format)),
    };
    let rule = if meant { &rule::NEARLY } else { &rule::PERHAPS };
    Finding { instead, ..rule.found(file, reason) }
}

fn example(format: Format) -> &'static str {
    match format {
        Format::GolangMigrate => "0001_create_users.up.sql",
        Format::Goose | Format::Dbmate | Format::SqlMigrate | Format::Atlas | Format::Command => {
            "0001_create_users.sql"
        }
    }
}

/// The name that its engine would take, made of what is there.
fn right_name(file: &str, directory: &Directory<'_>) -> Option<String> {
    let small = file.to_ascii_lowercase();
    let digits = small.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, rest) = small.split_at(digits);
    let title = rest.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let parted = format!("{number}_{title}");
    let up = parted.strip_suffix(".sql").map(|stem| format!("{stem}.up.sql"));
    let dashed = parted.replace("-up.sql", ".up.sql").replace("-down.sql", ".down.sql");
    let scored = parted.replace("_up.sql", ".up.sql").replace("_down.sql", ".down.sql");
    let content = directory.files.get(file)?;
    let known: BTreeSet<_> = directory.files.keys().collect();
    let is_taken = |name: &String| {
        let alone = std::iter::once((name.clone(), content.clone()));
        !known.contains(name)
            && Set::read(directory.format, alone)
                .is_ok_and(|set| set.remarks().is_empty() && !set.migrations().is_empty())
    };
    [small.clone(), dashed, scored, parted].into_iter().chain(up).find(is_taken)
}
