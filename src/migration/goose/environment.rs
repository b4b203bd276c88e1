//! `ENVSUB ON`: goose fills in variables of the environment, by the rules of <https://github.com/mfridman/interpolate>.
//!
//! Which environment the program will have, today and on the day of a way back, is not known here: so only what does
//! not depend on it is filled in, and a variable is refused.

/// The line as goose would run it in any environment.
///
/// # Errors
/// A variable, or what goose itself cannot read, in words.
pub(super) fn expand(line: &str) -> Result<String, String> {
    let mut expanded = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['$', '\\']) {
        let (before, from) = rest.split_at(at);
        expanded.push_str(before);
        let (written, length) = match from.as_bytes() {
            // goose leaves a doubled backslash doubled.
            [b'\\', b'\\', ..] => (r"\\", 2),
            [b'\\' | b'$', b'$', ..] => ("$", 2),
            [b'$', b'(', ..] => ("$(", 2),
            [b'\\', ..] => (r"\", 1),
            [b'$'] => ("$", 1),
            _ => return Err(variable(from)),
        };
        expanded.push_str(written);
        rest = from.get(length..).unwrap_or_default();
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn variable(from: &str) -> String {
    let name = from.trim_start_matches('$').trim_start_matches('{');
    let name: String = name.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    if !name.starts_with(char::is_alphabetic) {
        return "after `ENVSUB ON` the name of a variable follows every `$` that is not written `$$`".to_owned();
    }
    format!(
        "`${name}` stands for a variable of the program's environment, which is not known here: write its value into \
         the file, or let the program migrate itself, with `format = \"command\"`"
    )
}
