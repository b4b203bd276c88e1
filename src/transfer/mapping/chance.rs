//! What of a mapping's SQL would answer something else the next time: the moment, and chance. What was rehearsed and shown
//! must be what is made after the stop, so that none of it has a place in a mapping.

use crate::migration::lexer::{Kind, Token, tokens};

/// The first use of the present moment or of chance: where it stands in the text, in bytes, and what it is.
///
/// It is told by the text, as SQLite itself tells `'now'` from another moment only where it computes it. A text that says
/// `now` and comes from a row is not seen.
pub fn chance(sql: &str) -> Option<(usize, String)> {
    let all: Vec<_> = tokens(sql).collect();
    all.iter().enumerate().find_map(|(at, token)| {
        let before = at.checked_sub(1).and_then(|before| all.get(before));
        // A column of that name.
        let named = before.is_some_and(|before| before.is_operator("."));
        let after = all.get(at + 1..).unwrap_or_default();
        let what = if named { None } else { moment(token).or_else(|| call(token, after)) };
        Some((token.offset, what?))
    })
}

/// A keyword that stands for the present moment.
fn moment(token: &Token<'_>) -> Option<String> {
    const MOMENTS: [&str; 3] = ["current_timestamp", "current_date", "current_time"];
    MOMENTS.iter().any(|word| token.is(word)).then(|| token.text.to_ascii_uppercase())
}

/// Functions of date and time, and how many arguments name a moment: <https://sqlite.org/lang_datefunc.html>.
const DATES: [(&str, usize); 6] =
    [("date", 1), ("time", 1), ("datetime", 1), ("julianday", 1), ("unixepoch", 1), ("strftime", 2)];

/// A call of a function, of which `after` is what follows its name.
fn call(token: &Token<'_>, after: &[Token<'_>]) -> Option<String> {
    let (first, rest) = after.split_first()?;
    let name = matches!(token.kind, Kind::Word | Kind::Quoted).then(|| token.name())??.to_ascii_lowercase();
    if !first.is_operator("(") {
        return None;
    }
    if matches!(name.as_str(), "random" | "randomblob") {
        return Some(format!("{name}()"));
    }
    let known = DATES.iter().find(|(date, _)| *date == name);
    let needed = known.map(|(_, needed)| *needed).or((name == "timediff").then_some(2))?;
    let arguments = arguments(rest);
    let said = arguments.iter().copied().flatten().filter_map(|token| token.name()).any(|text| is(&text, "now"));
    // Alone they ask for the present moment too, with its fractions.
    let fraction = arguments.get(needed - 1).is_some_and(|moment| match moment {
        [only] => only.name().is_some_and(|text| is(&text, "subsec") || is(&text, "subsecond")),
        _ => false,
    });
    match (said || fraction, arguments.len() < needed) {
        (true, _) => Some(format!("{name}('now')")),
        (_, true) => Some(format!("{name}() without a time")),
        _ => None,
    }
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

/// The arguments of a call whose opening parenthesis is read already.
fn arguments<'s, 't>(tokens: &'s [Token<'t>]) -> Vec<&'s [Token<'t>]> {
    let (mut depth, mut end, mut cuts) = (1_u32, tokens.len(), Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        if token.is_operator("(") {
            depth += 1;
        } else if token.is_operator(")") {
            depth -= 1;
        } else if token.is_operator(",") && depth == 1 {
            cuts.push(at);
        }
        if depth == 0 {
            end = at;
            break;
        }
    }
    cuts.push(end);
    let mut from = 0;
    let mut found: Vec<&[Token<'_>]> = Vec::new();
    for cut in cuts {
        found.push(tokens.get(from..cut).unwrap_or_default());
        from = cut + 1;
    }
    if let [only] = found.as_slice()
        && only.is_empty()
    {
        found.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(sql: &str) -> Option<String> {
        chance(sql).map(|(_, what)| what)
    }

    #[test]
    fn the_present_moment_and_chance_are_found_however_they_are_written() {
        for (sql, expected) in [
            ("SELECT random()", "random()"),
            ("SELECT id FROM old.a ORDER BY Random ( )", "random()"),
            ("SELECT hex(\"randomblob\"(8))", "randomblob()"),
            ("SELECT current_timestamp", "CURRENT_TIMESTAMP"),
            ("SELECT a, CURRENT_DATE FROM t", "CURRENT_DATE"),
            ("SELECT datetime('now')", "datetime('now')"),
            ("SELECT strftime('%s', \"NOW\", 'utc')", "strftime('now')"),
            ("SELECT unixepoch(coalesce(made, 'now'))", "unixepoch('now')"),
            ("SELECT unixepoch('subsec')", "unixepoch('now')"),
            ("SELECT date()", "date() without a time"),
            ("SELECT strftime('%s')", "strftime() without a time"),
            ("SELECT timediff('2026-01-01', 'now')", "timediff('now')"),
        ] {
            assert_eq!(what(sql).as_deref(), Some(expected), "{sql}");
        }
        assert_eq!(chance("SELECT 1,\n random()"), Some((11, "random()".to_owned())));
    }

    #[test]
    fn what_always_answers_the_same_is_let_through() {
        for sql in [
            "SELECT datetime(made_at, 'unixepoch'), date(x), strftime('%Y', x), time(a, b), julianday(x, 'subsec')",
            "SELECT old.a.current_date, random FROM old.a WHERE state = 'now' AND date(x) < 'now'",
            "SELECT timediff(a, b), replace(x, 'now', '') -- random()",
            "SELECT 'random()', date",
        ] {
            assert_eq!(what(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_call_without_its_end_is_no_reason_to_fail() {
        for sql in ["date(", "strftime((", "random", "date(()", "timediff(,"] {
            let _ = chance(sql);
        }
    }
}
