//! What golang-migrate takes behind the path in the URL of a database.

use crate::config::{Format, Wrap};

/// How a database is named.
pub(super) const HINT: &str = "give it as `sqlite:PATH`, without options after the path but golang-migrate's `x-no-tx-wrap` and \
                               `x-migrations-table`";

/// The options of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Whether the engine puts a file into a transaction: `x-no-tx-wrap`.
    pub wrap: Wrap,
    /// Another name of the ledger: `x-migrations-table`.
    pub table: Option<String>,
}

impl Options {
    /// Takes a URL apart. None where it has an option that is not understood: to ignore it in silence would be to do
    /// something else than was asked for. The other engines have none that concern migrations.
    pub(super) fn of(url: &str, format: Format) -> Option<(&str, Self)> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut options = Self { wrap: Wrap::Transaction, table: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=')? {
                _ if format != Format::GolangMigrate => return None,
                ("x-no-tx-wrap", value) => {
                    options.wrap = if is_true(value)? { Wrap::Nothing } else { Wrap::Transaction }
                }
                ("x-migrations-table", name) if is_plain(name) => options.table = Some(name.to_owned()),
                _ => return None,
            }
        }
        Some((address, options))
    }
}

/// As Go reads one: <https://pkg.go.dev/strconv#ParseBool>.
fn is_true(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Whether it stands for itself in a URL.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_golang_migrate_takes_behind_the_path_is_taken_and_nothing_else() {
        let of = |url| Options::of(url, Format::GolangMigrate);
        let plain = Options { wrap: Wrap::Transaction, table: None };
        assert_eq!(of("sqlite:/a b.db"), Some(("sqlite:/a b.db", plain.clone())));
        let both = of("sqlite:x?x-no-tx-wrap=true&x-migrations-table=versions").unwrap();
        assert_eq!(both, ("sqlite:x", Options { wrap: Wrap::Nothing, table: Some("versions".to_owned()) }));
        assert_eq!(of("sqlite:x?x-no-tx-wrap=F").unwrap().1, plain);
        for wrong in ["x-no-tx-wrap=yes", "x-no-tx-wrap", "mode=ro", "_fk=1", "x-migrations-table=a%20b", "x-other=1"] {
            let url = format!("sqlite:x?{wrong}");
            assert_eq!(Options::of(&url, Format::GolangMigrate), None, "{wrong}");
        }
        assert_eq!(Options::of("sqlite:x?x-no-tx-wrap=true", Format::Goose), None);
    }
}
