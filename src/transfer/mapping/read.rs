//! Reads the TOML of a mapping. What is not understood is refused, with its line.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use toml::de::DeTable;

use super::chance::chance;
use super::{Check, FILE, Into, Made, Mapping, OldTable, Rows, Source, digest};
use crate::manifest::reader::{Finding, Findings, Placed, Section};

/// A mapping that is none.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MappingError {
    /// It has no `import.toml`.
    #[error("the mapping has no `{FILE}`")]
    Missing,
    /// A file of it is not text.
    #[error("`{0}` of the mapping is not text in UTF-8")]
    NotText(String),
    /// What the file says is not understood, or the SQL that it names is not of the kind that a mapping may have.
    #[error("`{FILE}` cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Wrong(Vec<Finding>),
}

const FORMAT: u64 = 1;
/// Why the present moment and chance have no place in a mapping.
const UNSTEADY: &str = ", which answers something else each time: what was rehearsed must be what is made";
const TOP: [&str; 6] = ["format", "sql", "from", "table", "made", "check"];
const FROM: [&str; 2] = ["schema", "fingerprint"];
const TABLE: [&str; 5] = ["name", "dropped", "left", "without", "into"];
const INTO: [&str; 7] = ["table", "where", "adds", "rows", "told_by", "same", "changed"];
const MADE: [&str; 3] = ["table", "rows", "reason"];
const CHECK: [&str; 2] = ["words", "sql"];

pub(super) fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Mapping, MappingError> {
    let text = files.get(FILE).ok_or(MappingError::Missing)?;
    let text = str::from_utf8(text).map_err(|_| MappingError::NotText(FILE.to_owned()))?;
    let mut findings = Findings::of(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            findings.add(error.span().map_or(0, |span| span.start), error.message().replace('\n', ", "));
            return Err(MappingError::Wrong(findings.sorted()));
        }
    };
    let top = Section::top("a mapping", document.get_ref());
    let mut mapping = Mapping {
        sources: Vec::new(),
        scripts: Vec::new(),
        tables: Vec::new(),
        made: Vec::new(),
        checks: Vec::new(),
        digest: digest(files),
    };
    // Of another format nothing else is said: its keys mean something else.
    if understood(&top, &mut findings) {
        top.refuse_unknown(&TOP, &mut findings);
        mapping.scripts = scripts(&top, files, &mut findings)?;
        mapping.sources = sources(&top, &mut findings);
        mapping.tables = tables(&top, &mut findings);
        mapping.made = made(&top, &mut findings);
        mapping.checks = checks(&top, &mut findings);
    }
    match findings.sorted() {
        findings if findings.is_empty() => Ok(mapping),
        findings => Err(MappingError::Wrong(findings)),
    }
}

fn understood(top: &Section<'_>, findings: &mut Findings) -> bool {
    let Some(format) = top.required::<u64>("format", findings) else { return false };
    if format.value != FORMAT {
        let message = format!("format {} is not known, only {FORMAT}: a newer installer reads it", format.value);
        findings.add(format.at(), message);
    }
    format.value == FORMAT
}

/// The SQL in the order of the list, which names every other file of the directory: one that is forgotten would not run.
fn scripts(
    top: &Section<'_>,
    files: &BTreeMap<String, Vec<u8>>,
    findings: &mut Findings,
) -> Result<Vec<(String, String)>, MappingError> {
    let Some(named) = top.required::<Vec<String>>("sql", findings) else { return Ok(Vec::new()) };
    let mut scripts: Vec<(String, String)> = Vec::new();
    for name in &named.value {
        let Some(bytes) = files.get(name).filter(|_| name != FILE) else {
            findings.add(named.at(), format!("there is no `{name}` beside `{FILE}`"));
            continue;
        };
        if scripts.iter().any(|(known, _)| known == name) {
            findings.add(named.at(), format!("`{name}` is named twice"));
        }
        let text = str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| MappingError::NotText(name.clone()))?;
        if let Some((at, what)) = chance(text) {
            let line = Findings::of(text).line(at);
            findings.add(named.at(), format!("`{name}` uses {what} at line {line}{UNSTEADY}"));
        }
        scripts.push((name.clone(), text.to_owned()));
    }
    for name in files.keys().filter(|name| name.ends_with(".sql") && !named.value.contains(name)) {
        findings.add(named.at(), format!("`{name}` is beside `{FILE}` and not named here"));
    }
    Ok(scripts)
}

fn sources(top: &Section<'_>, findings: &mut Findings) -> Vec<Source> {
    let mut sources = Vec::new();
    for section in top.sections("from", "a source", findings) {
        section.refuse_unknown(&FROM, findings);
        let schema = section.required("schema", findings);
        let fingerprint = section.required("fingerprint", findings);
        if let (Some(schema), Some(fingerprint)) = (schema, fingerprint) {
            sources.push(Source { schema: schema.value, fingerprint: fingerprint.value });
        }
    }
    if !top.has("from") {
        findings.add(0, "a mapping without `[[from]]`, which says the schema that it reads");
    }
    sources
}

fn tables(top: &Section<'_>, findings: &mut Findings) -> Vec<OldTable> {
    let (mut tables, mut names) = (Vec::new(), BTreeSet::new());
    for section in top.sections("table", "a table", findings) {
        section.refuse_unknown(&TABLE, findings);
        let name = section.required::<String>("name", findings);
        let dropped = section.optional("dropped", findings).map(|reason| reason.value);
        let left = section.optional("left", findings).map(|reason| reason.value);
        let without = texts(&section, "without", findings);
        let into: Vec<_> = section
            .sections("into", "a target", findings)
            .iter()
            .filter_map(|section| target(section, findings))
            .collect();
        let Some(name) = name else { continue };
        if section.has("dropped") == section.has("into") {
            findings.add(section.at, format!("`{}` needs either `[[table.into]]` or `dropped`, a reason", name.value));
        }
        if dropped.is_some() && (left.is_some() || !without.is_empty()) {
            let message = format!("`{}` is dropped as a whole: `left` and `without` say nothing more", name.value);
            findings.add(section.at, message);
        }
        if !names.insert(name.value.to_ascii_lowercase()) {
            findings.add(name.at(), format!("`{}` is there already", name.value));
        }
        tables.push(OldTable { name: name.value, dropped, left, without, into });
    }
    tables
}

fn target(section: &Section<'_>, findings: &mut Findings) -> Option<Into> {
    section.refuse_unknown(&INTO, findings);
    let table = section.required::<String>("table", findings);
    let adds = section.optional::<bool>("adds", findings);
    let counted = steady(section.optional("rows", findings), "rows", findings);
    let into = Into {
        condition: steady(section.optional("where", findings), "where", findings),
        told_by: steady(section.optional("told_by", findings), "told_by", findings),
        same: texts(section, "same", findings),
        changed: texts(section, "changed", findings),
        rows: match (adds.as_ref().map(|adds| adds.value), counted) {
            (Some(false), Some(_)) => {
                findings.add(section.at, "`adds = false` and `rows` contradict each other");
                Rows::Parts
            }
            (Some(false), None) => Rows::Parts,
            (_, Some(count)) => Rows::Counted(count),
            (_, None) => Rows::Each,
        },
        table: table?.value,
    };
    if matches!(into.rows, Rows::Counted(_)) && !into.same.is_empty() {
        let message = "`same` needs rows that can be compared one by one: leave `rows` out, or name them in `changed`";
        findings.add(section.at, message);
    }
    for column in into.same.keys().filter(|column| into.changed.contains_key(*column)) {
        findings.add(section.at, format!("`{column}` cannot be both in `same` and in `changed`"));
    }
    Some(into)
}

fn made(top: &Section<'_>, findings: &mut Findings) -> Vec<Made> {
    let mut all = Vec::new();
    for section in top.sections("made", "rows that are made", findings) {
        section.refuse_unknown(&MADE, findings);
        let table = section.required::<String>("table", findings);
        let count = steady(section.required("rows", findings), "rows", findings);
        let reason = section.required::<String>("reason", findings);
        if let (Some(table), Some(count), Some(reason)) = (table, count, reason) {
            all.push(Made { table: table.value, count, reason: reason.value });
        }
    }
    all
}

fn checks(top: &Section<'_>, findings: &mut Findings) -> Vec<Check> {
    let mut all = Vec::new();
    for section in top.sections("check", "a check", findings) {
        section.refuse_unknown(&CHECK, findings);
        let words = section.required::<String>("words", findings);
        let query = steady(section.required("sql", findings), "sql", findings);
        if let (Some(words), Some(sql)) = (words, query) {
            all.push(Check { words: words.value, sql });
        }
    }
    all
}

/// Column by column.
fn texts(section: &Section<'_>, key: &str, findings: &mut Findings) -> BTreeMap<String, String> {
    let Some(table) = section.section(key, "columns", findings) else { return BTreeMap::new() };
    let value = |name: String| table.optional::<String>(&name, findings).map(|text| (name, text.value));
    table.names().into_iter().filter_map(value).collect()
}

/// The SQL of a key, which must always answer the same on the same rows.
fn steady(text: Option<Placed<Text>>, key: &str, findings: &mut Findings) -> Option<String> {
    let text = text?;
    if let Some((_, what)) = chance(&text.value.0) {
        findings.add(text.at(), format!("`{key}` uses {what}{UNSTEADY}"));
    }
    Some(text.value.0)
}

/// SQL, which may have several lines.
struct Text(String);

impl crate::manifest::reader::Wire for Text {
    const EXPECTED: &'static str = "SQL, not empty";

    fn read(value: crate::manifest::reader::Value<'_>) -> Option<Self> {
        let text = value.text()?.trim().trim_end_matches(';');
        (!text.is_empty() && !text.contains('\0')).then(|| Self(text.to_owned()))
    }
}
