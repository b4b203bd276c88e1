//! SQLite's tokens, after its own tokenizer (<https://sqlite.org/src/file/src/tokenize.c>): enough to compare schemas
//! and to tell what kind of statement a text is, without a database.

use std::iter::FusedIterator;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword without quotes.
    Word,
    /// A name in `"…"`, `[…]` or `` `…` ``.
    Quoted,
    /// A literal: `'text'`, `x'00'`, or a number.
    Literal,
    /// A parameter such as `?1` or `:name`.
    Parameter,
    /// Punctuation.
    Operator,
    /// What SQLite would refuse, such as a quote without its end.
    Illegal,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As written, quotes included.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub offset: usize,
}

impl Token<'_> {
    /// Whether it is this keyword, written without quotes.
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is this punctuation.
    pub fn is_operator(&self, operator: &str) -> bool {
        self.kind == Kind::Operator && self.text == operator
    }

    /// The name that it stands for, quotes undone; a literal text counts, as SQLite takes one for a name too.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.text.to_owned()),
            Kind::Quoted | Kind::Literal => unquoted(self.text),
            Kind::Parameter | Kind::Operator | Kind::Illegal => None,
        }
    }
}

fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inner = |close: char| text.get(1..)?.strip_suffix(close);
    match quote {
        '[' => inner(']').map(str::to_owned),
        '"' | '`' | '\'' => inner(quote).map(|name| name.replace(&format!("{quote}{quote}"), &quote.to_string())),
        _ => None,
    }
}

/// The tokens of `sql`; comments and white space are left out. Any text is taken, and nothing of it is lost.
pub fn tokens(sql: &str) -> Tokens<'_> {
    Tokens { sql, offset: 0 }
}

/// See [`tokens`].
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    sql: &'a str,
    offset: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.sql.get(self.offset..)?;
            let (kind, length) = first(rest.as_bytes())?;
            let offset = self.offset;
            // Every token ends before an ASCII byte or the end, so this never falls inside a character.
            let text = rest.get(..length).unwrap_or(rest);
            self.offset += text.len();
            if let Some(kind) = kind {
                return Some(Token { kind, text, offset });
            }
        }
    }
}

impl FusedIterator for Tokens<'_> {}

/// The kind (none for space and comments) and the length of what `bytes` begins with.
fn first(bytes: &[u8]) -> Option<(Option<Kind>, usize)> {
    let (&byte, rest) = bytes.split_first()?;
    let second = rest.first().copied().unwrap_or(0);
    Some(match byte {
        b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => (None, 1 + span(rest, |byte| b" \t\n\x0c\r".contains(&byte))),
        0xef if rest.starts_with(&[0xbb, 0xbf]) => (None, 3),
        b'-' if second == b'-' => (None, span(bytes, |byte| byte != b'\n')),
        b'/' if second == b'*' && bytes.len() > 2 => (None, comment(bytes)),
        b'\'' => string(bytes, byte, Kind::Literal),
        b'"' | b'`' => string(bytes, byte, Kind::Quoted),
        b'[' => match bytes.iter().position(|&byte| byte == b']') {
            Some(end) => (Some(Kind::Quoted), end + 1),
            None => (Some(Kind::Illegal), bytes.len()),
        },
        b'x' | b'X' if second == b'\'' => blob(bytes),
        b'0'..=b'9' => number(bytes),
        b'.' if second.is_ascii_digit() => number(bytes),
        b'?' => (Some(Kind::Parameter), 1 + span(rest, |byte| byte.is_ascii_digit())),
        b'$' | b'@' | b':' | b'#' => match span(rest, is_word) {
            0 => (Some(Kind::Illegal), 1),
            length => (Some(Kind::Parameter), 1 + length),
        },
        _ if is_word(byte) => (Some(Kind::Word), span(bytes, is_word)),
        _ => operator(bytes),
    })
}

fn span(bytes: &[u8], inside: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !inside(byte)).unwrap_or(bytes.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// A comment without its end reaches to the end of the text.
fn comment(bytes: &[u8]) -> usize {
    let end = bytes.iter().zip(bytes.iter().skip(1)).skip(2).position(|(&star, &slash)| (star, slash) == (b'*', b'/'));
    end.map_or(bytes.len(), |end| end + 4)
}

/// A doubled quote is part of the text.
fn string(bytes: &[u8], quote: u8, kind: Kind) -> (Option<Kind>, usize) {
    let mut quotes = bytes.iter().enumerate().skip(1).filter(|&(_, &byte)| byte == quote).map(|(at, _)| at).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return (Some(kind), at + 1);
        }
    }
    (Some(Kind::Illegal), bytes.len())
}

fn blob(bytes: &[u8]) -> (Option<Kind>, usize) {
    let digits = bytes.iter().skip(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits % 2 == 0 && bytes.get(2 + digits) == Some(&b'\'') {
        return (Some(Kind::Literal), digits + 3);
    }
    let end = bytes.iter().skip(2).position(|&byte| byte == b'\'');
    (Some(Kind::Illegal), end.map_or(bytes.len(), |end| end + 3))
}

/// Integers, hexadecimal ones, and floats with `.` and exponent; `_` may stand between digits.
fn number(bytes: &[u8]) -> (Option<Kind>, usize) {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let digits =
        |from: usize| from + span(bytes.get(from..).unwrap_or(&[]), |byte| byte.is_ascii_digit() || byte == b'_');
    let mut end;
    if at(0) == b'0' && matches!(at(1), b'x' | b'X') && at(2).is_ascii_hexdigit() {
        end = 2 + span(bytes.get(2..).unwrap_or(&[]), |byte| byte.is_ascii_hexdigit() || byte == b'_');
    } else {
        end = digits(0);
        if at(end) == b'.' {
            end = digits(end + 1);
        }
        let signed = usize::from(matches!(at(end + 1), b'+' | b'-'));
        if matches!(at(end), b'e' | b'E') && at(end + 1 + signed).is_ascii_digit() {
            end = digits(end + 1 + signed);
        }
    }
    match span(bytes.get(end..).unwrap_or(&[]), is_word) {
        0 => (Some(Kind::Literal), end),
        more => (Some(Kind::Illegal), end + more),
    }
}

/// The longest one that fits.
fn operator(bytes: &[u8]) -> (Option<Kind>, usize) {
    let length = match bytes {
        [b'-', b'>', b'>', ..] => 3,
        [b'-', b'>', ..] | [b'|', b'|', ..] | [b'<', b'<' | b'=' | b'>', ..] | [b'>', b'>' | b'=', ..] => 2,
        [b'=' | b'!', b'=', ..] => 2,
        [b'-' | b'(' | b')' | b';' | b'+' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>', ..] => 1,
        [b'|' | b',' | b'&' | b'~' | b'.', ..] => 1,
        _ => return (Some(Kind::Illegal), 1),
    };
    (Some(Kind::Operator), length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_space_are_no_tokens_but_their_look_inside_a_text_is() {
        let sql = "\u{feff}SELECT -- a;b\n'--x' /* ; */ , \"/*\"/**/;-- end";
        assert_eq!(texts(sql), ["SELECT", "'--x'", ",", "\"/*\"", ";"]);
        assert_eq!(texts("a /* never closed ; b"), ["a"]);
        assert_eq!(texts("a/b"), ["a", "/", "b"]);
    }

    #[test]
    fn every_way_to_quote_a_name_is_read() {
        let names: Vec<_> = tokens("\"a\"\"b\" [c d] `e``f` 'g''h' ünïcode $1").map(|token| token.name()).collect();
        let expected = [Some("a\"b"), Some("c d"), Some("e`f"), Some("g'h"), Some("ünïcode"), None];
        assert_eq!(names, expected.map(|name| name.map(str::to_owned)));
    }

    #[test]
    fn numbers_and_blobs_are_one_literal_each() {
        for literal in ["12", "1_000", "0xFF", "1.5e-3", ".5", "5.", "x'0aF1'", "X''", "'it''s'"] {
            let all: Vec<_> = tokens(literal).collect();
            assert_eq!(all, [Token { kind: Kind::Literal, text: literal, offset: 0 }], "{literal}");
        }
        assert_eq!(texts("a->>'$.b'||1<<2!=3"), ["a", "->>", "'$.b'", "||", "1", "<<", "2", "!=", "3"]);
    }

    #[test]
    fn what_sqlite_refuses_is_marked() {
        for illegal in ["'open", "\"open", "[open", "x'0'", "12ab", "!", "\0", "{"] {
            assert_eq!(tokens(illegal).next().map(|token| token.kind), Some(Kind::Illegal), "{illegal}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_without_loss(sql in "(\\PC|[\"'`\\[\\]x;/*\\-\n0-9a.é])*") {
            let mut end = 0;
            for token in tokens(&sql) {
                prop_assert!(token.offset >= end && !token.text.is_empty());
                prop_assert_eq!(&sql[token.offset..token.offset + token.text.len()], token.text);
                let skipped = &sql[end..token.offset];
                prop_assert!(skipped.is_empty() || tokens(skipped).next().is_none());
                end = token.offset + token.text.len();
            }
        }
    }
}
