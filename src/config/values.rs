//! Values that have a form of their own in `installer.toml`; a wrong one is refused where it stands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::address::{has_scheme, without_secrets};
use crate::layout::Layout;

/// A product's name: it becomes part of paths.
pub(super) struct Product(pub String);

/// A duration such as `60s`, `500ms`, `10m` or `1h`.
pub(super) struct Seconds(pub Duration);

/// A size such as `20 GiB`, `500 MB` or `4096`.
pub(super) struct Bytes(pub u64);

/// Where a manifest is found; a plain path becomes a `file://` URL.
pub(super) struct Source(pub String);

/// `sqlite:PATH`, `sqlite://PATH` or `sqlite3://PATH`.
pub(super) struct DatabaseUrl(pub PathBuf);

/// A program and its arguments, with placeholders.
pub(super) struct Command(Vec<String>);

impl Seconds {
    pub(super) const MINUTE: Self = Self(Duration::from_secs(60));
}

impl Command {
    /// Replaces `{root}`, `{binary}` and `{database}`.
    pub(super) fn fill(self, layout: &Layout, database: &Path) -> Vec<String> {
        let binary = layout.current().join(&layout.binary);
        let fill = |word: String| {
            word.replace("{root}", &layout.root.to_string_lossy())
                .replace("{binary}", &binary.to_string_lossy())
                .replace("{database}", &database.to_string_lossy())
        };
        self.0.into_iter().map(fill).collect()
    }
}

fn product(text: &str) -> Option<Product> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let sound = !text.is_empty() && text.len() <= 64 && text.bytes().all(fits) && !text.starts_with('-');
    sound.then(|| Product(text.to_owned()))
}

fn seconds(text: &str) -> Option<Seconds> {
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(millis).map(|millis| Seconds(Duration::from_millis(millis)))
}

/// A duration such as `60s`, `500ms`, `10m` or `1h`.
pub fn duration(text: &str) -> Option<Duration> {
    seconds(text).map(|seconds| seconds.0)
}

fn bytes(text: &str) -> Option<Bytes> {
    let (number, unit) = split(text)?;
    let scale = match unit {
        "" | "B" => 1,
        "kB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(scale).map(Bytes)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim()))
}

fn source(text: &str) -> Option<Source> {
    let known = ["https://", "http://", "file:///"].iter().any(|scheme| has_scheme(text, scheme));
    match (known, Path::new(text).is_absolute()) {
        (true, _) => Some(Source(text.to_owned())),
        (false, true) => Some(Source(format!("file://{text}"))),
        (false, false) => None,
    }
}

/// The path in `sqlite:PATH`, `sqlite://PATH` or `sqlite3://PATH`, if it is one of these.
pub fn database_path(url: &str) -> Option<PathBuf> {
    let path = ["sqlite3://", "sqlite://", "sqlite:"].iter().find_map(|scheme| url.strip_prefix(scheme))?;
    // Options of a driver after the path would be silently ignored, so they are no path.
    (!path.is_empty() && !path.contains('?')).then(|| PathBuf::from(path))
}

fn command(words: Vec<String>) -> Option<Command> {
    words.first().is_some_and(|program| !program.is_empty()).then_some(Command(words))
}

macro_rules! deserialize {
    ($($name:ident: $raw:ty => $parse:expr, $expected:literal;)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = <$raw>::deserialize(deserializer)?;
                let wrong = || {
                    let shown = without_secrets(&format!("{raw:?}"));
                    D::Error::custom(format!("{shown} was found, expected {}", $expected))
                };
                #[allow(clippy::redundant_closure_call, reason = "the macro takes a closure so that it can name the text")]
                ($parse)(&raw).ok_or_else(wrong)
            }
        }
    )*};
}

deserialize! {
    Product: String => |raw: &String| product(raw), "a product name of lower-case letters, digits and dashes";
    Seconds: String => |raw: &String| seconds(raw), "a duration such as \"60s\", \"500ms\" or \"10m\"";
    Bytes: String => |raw: &String| bytes(raw), "a size such as \"20 GiB\" or \"500 MB\"";
    Source: String => |raw: &String| source(raw), "an https://, http:// or file:/// URL, or an absolute path";
    DatabaseUrl: String => |raw: &String| database_path(raw).map(DatabaseUrl), "a database such as \"sqlite:/var/lib/product/product.db\"";
    Command: Vec<String> => |raw: &Vec<String>| command(raw.clone()), "a program and its arguments";
}
