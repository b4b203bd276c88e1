//! Addresses: `http`, `https` and `file`, and those that are relative to another.

use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::config::address;
use crate::sys::http::{HttpError, Problem};

/// Something that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A file of this machine.
    File(PathBuf),
    /// A file of a server.
    Web(Url),
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let url = Url::parse(text).map_err(|error| Problem::Address(error.to_string()))?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Web(url)),
            "file" => match url.to_file_path() {
                Ok(path) => Ok(Self::File(path)),
                Err(()) => Err(Problem::Address("it names another machine".to_owned())),
            },
            scheme => Err(Problem::Address(format!("`{scheme}` is not http, https or file"))),
        }
    }
}

/// The address of a file of this machine, by its absolute path.
///
/// # Errors
/// The path is relative.
pub fn of_file(path: &Path) -> Result<String, HttpError> {
    let wrong = |()| HttpError::new(&path.display().to_string(), Problem::Address("it is relative".to_owned()));
    Url::from_file_path(path).map(String::from).map_err(wrong)
}

/// The address of `reference`, which a document at `base` names (RFC 3986, section 5).
///
/// # Errors
/// Either is no address, or the document leads to less safety than it came by: from https to http, or from a server
/// to a file of this machine.
pub fn join(base: &str, reference: &str) -> Result<String, HttpError> {
    let shown = || format!("{} at {}", without_secrets(reference), without_secrets(base));
    let wrong = |problem| HttpError { url: shown(), problem };
    let document = Url::parse(base).map_err(|error| wrong(Problem::Address(error.to_string())))?;
    if names_a_drive(&document) {
        return Err(wrong(Problem::Address("it names a drive of another system".to_owned())));
    }
    let joined = document.join(reference).map_err(|error| wrong(Problem::Address(error.to_string())))?;
    Address::parse(joined.as_str()).map_err(wrong)?;
    match (document.scheme(), joined.scheme()) {
        ("https", "http") => Err(wrong(Problem::Address("it leads from https to http".to_owned()))),
        ("https" | "http", "file") => Err(wrong(Problem::Address("it leads from a server to a file".to_owned()))),
        _ => Ok(joined.into()),
    }
}

/// Whether a part of the path is a drive letter: the URL standard keeps one in its place, so that `..` leads elsewhere than
/// to the directory above.
fn names_a_drive(url: &Url) -> bool {
    let is_drive = |part: &str| matches!(part.as_bytes(), [letter, b':' | b'|'] if letter.is_ascii_alphabetic());
    url.scheme() == "file" && url.path_segments().is_some_and(|mut parts| parts.any(is_drive))
}

/// The address as it may be shown: without a user and a password.
pub fn without_secrets(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.has_authority() => {
            if url.password().is_none() && url.username().is_empty() {
                return text.to_owned();
            }
            // Neither can fail for an address that has a host, and only such a one has a user.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.into()
        }
        _ => address::without_secrets(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_lies_beside_the_manifest_that_names_it() {
        let of = |base, reference| join(base, reference).unwrap();
        assert_eq!(of("https://a.example/g/g.toml", "g-1.tar.gz"), "https://a.example/g/g-1.tar.gz");
        assert_eq!(of("https://a.example/g/g.toml?x=1", "../g-1.tar.gz"), "https://a.example/g-1.tar.gz");
        assert_eq!(of("https://a.example/g.toml", "https://b.example/g"), "https://b.example/g");
        assert_eq!(of("file:///srv/g.toml", "g-1.tar.gz"), "file:///srv/g-1.tar.gz");
        assert_eq!(of("file:///srv/g.toml", "https://b.example/g"), "https://b.example/g");
    }

    #[test]
    fn a_manifest_never_leads_to_less_safety_than_it_came_by() {
        for (base, reference) in [
            ("https://a.example/g.toml", "http://a.example/g"),
            ("https://a.example/g.toml", "file:///etc/shadow"),
            ("http://a.example/g.toml", "file:///etc/shadow"),
            ("https://a.example/g.toml", "ftp://a.example/g"),
            ("file:///g.toml", "//other/g"),
            ("g.toml", "g"),
        ] {
            assert!(matches!(join(base, reference).unwrap_err().problem, Problem::Address(_)), "{base} {reference}");
        }
    }

    #[test]
    fn a_drive_of_another_system_is_no_place_of_a_manifest() {
        for (base, reference) in [("file:///s/e:", ".."), ("file:s/e:", "g"), ("file:///C|/g.toml", "g")] {
            assert!(matches!(join(base, reference).unwrap_err().problem, Problem::Address(_)), "{base} {reference}");
        }
        assert_eq!(join("https://a.example/e:", "g").unwrap(), "https://a.example/g");
    }

    #[test]
    fn a_path_with_spaces_is_found() {
        assert_eq!(Address::parse("file:///a b/c").unwrap(), Address::File("/a b/c".into()));
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(without_secrets("https://me:secret@a.example/g"), "https://a.example/g");
        assert_eq!(without_secrets("https://a.example/g"), "https://a.example/g");
        for text in ["https://me:secret@ho st/x", "https://me:secret@[bad/", "me:secret@a.example/g"] {
            assert!(!without_secrets(text).contains("secret"), "{text}");
            assert!(!join("https://a.example/g", text).is_err_and(|error| error.to_string().contains("secret")));
            assert!(!join(text, "g").unwrap_err().to_string().contains("secret"), "{text}");
        }
        assert_eq!(without_secrets("https://a.example/@scope/g"), "https://a.example/@scope/g");
        assert!(!HttpError::new("https://me:secret@a.example/g", Problem::Cancelled).to_string().contains("secret"));
    }
}
