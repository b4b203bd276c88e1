//! An object of a schema taken apart: a table into its columns, a view into its clauses, a trigger into its statements.

use crate::migration::SchemaRow;
use crate::migration::fingerprint::{of_the_product, spelling};
use crate::migration::ledger::Ledger;
use crate::migration::lexer::{Kind, Token, tokens};

/// One line of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// In the spelling that the fingerprint is made of.
    pub meaning: String,
    /// As written, without comments and with one blank where there is white space.
    pub words: String,
}

/// An object of a schema.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Sorts what belongs to a table after it: the table's name, the kind, the object's own name.
    pub key: (String, usize, String),
    /// Such as `table users`.
    pub name: String,
    /// All of it.
    pub meaning: String,
    /// All of it, line by line.
    pub lines: Vec<Line>,
    /// Its parts; nothing for what is not a table, or a virtual one.
    pub table: Option<Table>,
}

/// A table taken apart.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub constraints: Vec<Line>,
    /// `STRICT` and `WITHOUT ROWID`.
    pub options: Vec<Line>,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// In ASCII lower case.
    pub key: String,
    /// As written.
    pub name: String,
    /// What follows the name.
    pub definition: Line,
}

/// The kinds in the order in which they are told.
const KINDS: [&str; 4] = ["table", "index", "trigger", "view"];

/// All objects that count, sorted by key.
pub(super) fn objects(rows: &[SchemaRow], ledger: &Ledger) -> Vec<Object> {
    let mut objects: Vec<_> = of_the_product(rows, ledger).filter_map(object).collect();
    objects.sort_by(|one, other| one.key.cmp(&other.key));
    objects
}

fn object(row: &SchemaRow) -> Option<Object> {
    let tokens: Vec<_> = tokens(row.sql.as_ref()?).collect();
    let kind = KINDS.iter().position(|kind| *kind == row.kind).unwrap_or(KINDS.len());
    let parts = (row.kind == "table").then(|| TableText::of(&tokens)).flatten();
    Some(Object {
        key: (row.table.to_ascii_lowercase(), kind, row.name.to_ascii_lowercase()),
        name: format!("{} {}", row.kind, row.name),
        // The fingerprint's line has the table as well.
        meaning: format!("{}\t{}", row.table.to_ascii_lowercase(), Line::of(&tokens).meaning),
        lines: parts.as_ref().map_or_else(|| lines(&row.kind, &tokens), TableText::lines),
        table: parts.as_ref().map(TableText::table),
    })
}

impl Line {
    pub(super) fn of(tokens: &[Token<'_>]) -> Self {
        let meaning = tokens.iter().map(spelling).collect::<Vec<_>>().join(" ");
        let mut words = String::new();
        for (index, token) in tokens.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| tokens.get(index));
            if before.is_some_and(|before| stand_apart(before, token)) {
                words.push(' ');
            }
            words.push_str(token.text);
        }
        Self { meaning, words }
    }

    /// Several in one.
    pub(super) fn words_of(lines: &[Self]) -> String {
        lines.iter().map(|line| line.words.trim()).collect::<Vec<_>>().join(" ")
    }

    fn indented(&self) -> Self {
        Self { meaning: self.meaning.clone(), words: format!("    {}", self.words) }
    }
}

/// As their author had it, but for what is left of a line break beside punctuation.
fn stand_apart(before: &Token<'_>, token: &Token<'_>) -> bool {
    let gap = token.offset > before.offset + before.text.len();
    gap && !before.is_operator("(") && ![")", ",", ";"].iter().any(|closing| token.is_operator(closing))
}

/// The tokens of a table: what comes before its columns, the columns and constraints, and what comes after them.
struct TableText<'t> {
    head: &'t [Token<'t>],
    items: Vec<&'t [Token<'t>]>,
    options: Vec<&'t [Token<'t>]>,
}

impl<'t> TableText<'t> {
    fn of(tokens: &'t [Token<'t>]) -> Option<Self> {
        let open = tokens.iter().position(|token| token.is_operator("("))?;
        let (head, rest) = (tokens.get(..=open)?, tokens.get(open + 1..)?);
        if head.iter().any(|token| token.is("virtual")) {
            return None;
        }
        let close = end_of(rest)?;
        Some(Self { head, items: split(rest.get(..close)?), options: split(rest.get(close + 1..)?) })
    }

    fn table(&self) -> Table {
        let (constraints, columns): (Vec<_>, Vec<_>) = self.items.iter().partition(|item| is_constraint(item));
        let column = |item: &&[Token<'_>]| {
            let (first, definition) = item.split_first()?;
            let name = first.name().unwrap_or_else(|| first.text.to_owned());
            Some(Column { key: name.to_ascii_lowercase(), name, definition: Line::of(definition) })
        };
        Table {
            columns: columns.into_iter().filter_map(column).collect(),
            constraints: constraints.into_iter().map(|item| Line::of(item)).collect(),
            options: self.options.iter().map(|item| Line::of(item)).collect(),
        }
    }

    fn lines(&self) -> Vec<Line> {
        let options: Vec<_> = self.options.iter().map(|item| Line::of(item)).collect();
        let of = |part: fn(&Line) -> &str| options.iter().map(part).collect::<Vec<_>>().join(", ");
        let end = Line {
            meaning: format!(") {}", of(|line| &line.meaning)),
            words: format!(") {}", of(|line| &line.words)).trim_end().to_owned(),
        };
        let mut lines = vec![Line::of(self.head)];
        lines.extend(self.items.iter().map(|item| Line::of(item).indented()));
        lines.push(end);
        lines
    }
}

fn is_constraint(item: &[Token<'_>]) -> bool {
    let words = ["constraint", "primary", "unique", "check", "foreign"];
    item.first().is_some_and(|first| words.iter().any(|word| first.is(word)))
}

/// Where the bracket that is open before `tokens` closes.
fn end_of(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        if token.is_operator("(") {
            depth += 1;
        } else if token.is_operator(")") {
            match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return Some(index),
            }
        }
    }
    None
}

/// Between the commas that are in no bracket.
fn split<'t>(tokens: &'t [Token<'t>]) -> Vec<&'t [Token<'t>]> {
    let mut depth = 0_i64;
    let items = tokens.split(|token| {
        depth += i64::from(token.is_operator("(")) - i64::from(token.is_operator(")"));
        depth == 0 && token.is_operator(",")
    });
    items.filter(|item| !item.is_empty()).collect()
}

/// Where a view begins a new line.
const CLAUSES: [&str; 11] =
    ["select", "from", "where", "group", "having", "order", "limit", "union", "except", "intersect", "values"];

fn lines(kind: &str, tokens: &[Token<'_>]) -> Vec<Line> {
    let mut pieces: Vec<Vec<Token<'_>>> = vec![Vec::new()];
    let mut depth = 0_i64;
    let mut statements = false;
    for token in tokens {
        depth += i64::from(token.is_operator("(")) - i64::from(token.is_operator(")"));
        let is_clause = token.kind == Kind::Word && CLAUSES.iter().any(|clause| token.is(clause));
        if kind == "view" && depth == 0 && is_clause {
            pieces.push(Vec::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(*token);
        }
        // The body of a trigger: `BEGIN` ends its head, and every statement ends in a semicolon.
        let begins = !statements && token.is("begin");
        statements |= begins;
        if kind == "trigger" && (begins || (statements && token.is_operator(";"))) {
            pieces.push(Vec::new());
        }
    }
    let pieces = pieces.iter().filter(|piece| !piece.is_empty());
    let line = |(index, piece): (usize, &Vec<Token<'_>>)| {
        let line = Line::of(piece);
        let inner = index > 0 && !line.words.eq_ignore_ascii_case("end");
        if inner { line.indented() } else { line }
    };
    pieces.enumerate().map(line).collect()
}
