//! Words from outside on a terminal: the name of a table, the answer of a service, or the last line of a program may hold
//! what moves the cursor or rewrites the line above.

/// The text with its control characters written out; only lines and tabs are left as they are.
pub fn harmless(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\t' => character.to_string(),
        _ if character.is_control() || turns_the_line(character) => character.escape_unicode().to_string(),
        _ => character.to_string(),
    };
    text.chars().map(shown).collect()
}

/// Marks that show what follows in another order (Unicode's bidirectional algorithm, UAX #9).
fn turns_the_line(character: char) -> bool {
    matches!(character, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_is_written_out_and_what_is_text_is_left() {
        assert_eq!(harmless("a\n\tä ↓"), "a\n\tä ↓");
        assert_eq!(harmless("\x1b[2J\r\u{9b}1A\u{7f}"), "\\u{1b}[2J\\u{d}\\u{9b}1A\\u{7f}");
        assert_eq!(harmless("gnp.\u{202e}exe"), "gnp.\\u{202e}exe");
    }
}
