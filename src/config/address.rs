//! Addresses as they are typed: what scheme they have, and how they may be shown.

/// Whether an address begins with a scheme such as `https://`, in upper or lower case (RFC 3986, section 3.1).
pub fn has_scheme(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// A text that is no address, as it may be shown: where a user and a password may stand in it there is `…`.
///
/// Where these end nobody can tell of what is no address, so everything before the last `@` is taken for them.
pub fn without_secrets(text: &str) -> String {
    let Some((before, rest)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = before.split_inclusive("//").next().filter(|start| start.ends_with("//"));
    format!("{}…@{rest}", scheme.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_cut_out_of_what_is_no_address() {
        for (typed, shown) in [
            ("htps://user:geheim@a.example/x", "htps://…@a.example/x"),
            ("https://user:geheim@ho st/x", "https://…@ho st/x"),
            ("https://user:geheim@[bad/", "https://…@[bad/"),
            ("https://user:ge/he@im@a.example/x", "https://…@a.example/x"),
            ("user:geheim@a.example/x", "…@a.example/x"),
            ("https://a.example/x", "https://a.example/x"),
            ("a@b//c", "…@b//c"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(typed), shown);
        }
    }

    #[test]
    fn a_scheme_is_known_in_any_case() {
        assert!(has_scheme("HTTPS://a.example", "https://") && has_scheme("Http://a", "http://"));
        assert!(!has_scheme("htps://a", "https://") && !has_scheme("é", "h"));
    }
}
