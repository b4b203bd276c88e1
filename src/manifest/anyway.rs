//! Why a release reads a schema though its migrations do not show it: comments beside its `reads`, each with a reason.

use super::place::{end_of_reads, line_of_release};
use crate::version::{SchemaVersion, Version};

/// A release that reads a schema, for a reason that no migration tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The release.
    pub version: Version,
    /// The schema.
    pub schema: SchemaVersion,
    /// Why.
    pub reason: String,
}

/// The text with the claims beside the releases that they are about, which must be there.
pub fn note(text: &str, claims: &[Claim]) -> String {
    let mut text = text.to_owned();
    for Claim { version, schema, reason } in claims {
        // One comment is one line.
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let at = end_of_reads(&text, version);
        let start_of_line = if text.get(..at).is_some_and(|before| before.ends_with('\n')) { "" } else { "\n" };
        text.insert_str(at, &format!("{start_of_line}# reads {schema} anyway: {reason}\n"));
    }
    text
}

/// Whether the text has a reason why a release reads a schema.
pub fn is_noted(text: &str, version: &Version, schema: &SchemaVersion) -> bool {
    let Some(line) = line_of_release(text, version) else { return false };
    let own = text.lines().skip(line).take_while(|line| !line.trim_start().starts_with("[[release]]"));
    let mark = format!("# reads {schema} anyway:");
    let reason = |line: &str| line.trim().strip_prefix(&mark).is_some_and(|reason| !reason.trim().is_empty());
    own.into_iter().any(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[release]]\nversion = \"1.4.0\"\nschema = 4\nreads = [\n  4, 6,\n]\nfingerprint = \"f\"\n\n\
                        [[release]]\nversion = \"1.5.0\"\nschema = 6\nreads = [6]";

    fn claim(version: &str, schema: i64) -> Claim {
        let reason = "tested by\nhand".to_owned();
        Claim { version: version.parse().unwrap(), schema: SchemaVersion::Number(schema), reason }
    }

    #[test]
    fn a_claim_stands_beside_its_release_and_counts_for_no_other() {
        let (first, second) = (claim("1.4.0", 6), claim("1.5.0", 7));
        let noted = note(TEXT, std::slice::from_ref(&first));
        assert!(noted.contains("  4, 6,\n]\n# reads 6 anyway: tested by hand\nfingerprint"), "{noted}");
        assert!(is_noted(&noted, &first.version, &first.schema));
        assert!(!is_noted(&noted, &first.version, &second.schema) && !is_noted(&noted, &second.version, &first.schema));
        assert!(!is_noted(TEXT, &first.version, &first.schema));
        let both = note(&noted, std::slice::from_ref(&second));
        assert!(is_noted(&both, &second.version, &second.schema) && both.starts_with("[[release]]"), "{both}");
    }

    #[test]
    fn a_comment_without_a_reason_is_no_claim() {
        let text = TEXT.replace("fingerprint", "# reads 6 anyway:  \nfingerprint");
        assert!(!is_noted(&text, &"1.4.0".parse().unwrap(), &SchemaVersion::Number(6)));
    }
}
