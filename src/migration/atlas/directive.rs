//! Directives: comments by which a file tells Atlas something, such as `-- atlas:txmode none`.

/// A directive on the first line of a text: what matches `^([ -~]*)atlas:(\w+)(?: +(.+))*`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    /// What stands before it on its line.
    pub(super) prefix: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// The rest of its line after the spaces; a carriage return counts.
    pub(super) value: &'a str,
}

impl<'a> Directive<'a> {
    /// The directive that `text` begins with. Of several on the line the last one counts.
    pub(super) fn first(text: &'a str) -> Option<Self> {
        let printable = text.bytes().take_while(|byte| (b' '..=b'~').contains(byte)).count();
        let line = text.get(..printable)?;
        let (at, length) = line
            .match_indices("atlas:")
            .filter_map(|(at, mark)| {
                let name = line.get(at + mark.len()..)?;
                let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                (length > 0).then_some((at, length))
            })
            .last()?;
        let name = at + "atlas:".len();
        let rest = text.get(name + length..)?;
        let rest = rest.split('\n').next().unwrap_or_default();
        let value = rest.trim_start_matches(' ');
        // At least one letter belongs to the value, a space if there is no other.
        let value = if value.is_empty() && rest.len() > 1 { " " } else { value };
        let value = if rest.starts_with(' ') { value } else { "" };
        Some(Self { prefix: text.get(..at)?, name: text.get(name..name + length)?, value })
    }
}

/// The values of a file's own directives of that name. They stand in the comments that the file begins with, and count
/// only if an empty line, or nothing, follows these.
pub(super) fn of_file<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (mut comments, mut rest) = (Vec::new(), text);
    while rest.starts_with('#') || rest.starts_with("--") {
        // A comment that ends the file without a line feed counts as a statement.
        let Some((line, after)) = rest.split_once('\n') else { return Vec::new() };
        comments.push(line.trim());
        rest = after;
    }
    if !rest.is_empty() && !rest.trim_start_matches([' ', '\t']).starts_with('\n') {
        return Vec::new();
    }
    let directives = comments.into_iter().filter_map(Directive::first);
    directives.filter(|directive| directive.name == name).map(|directive| directive.value).collect()
}
