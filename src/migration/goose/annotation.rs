//! Lines that tell goose something.

/// What a line that begins with `--` and has `+goose` in it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Annotation {
    /// What follows is the way up.
    Up,
    /// What follows is the way down.
    Down,
    /// What follows is one statement.
    StatementBegin,
    /// It ends here.
    StatementEnd,
    /// The file, both ways, runs outside of a transaction.
    NoTransaction,
    /// From here on variables of the environment are filled in.
    EnvironmentOn,
    /// From here on they are not.
    EnvironmentOff,
}

impl Annotation {
    const NAMES: [(&'static str, Self); 7] = [
        ("Up", Self::Up),
        ("Down", Self::Down),
        ("StatementBegin", Self::StatementBegin),
        ("StatementEnd", Self::StatementEnd),
        ("NO TRANSACTION", Self::NoTransaction),
        ("ENVSUB ON", Self::EnvironmentOn),
        ("ENVSUB OFF", Self::EnvironmentOff),
    ];

    /// The annotation of such a line.
    ///
    /// # Errors
    /// What goose fails at, in words: prose that mentions `+goose` is an unknown annotation.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        if line.starts_with([' ', '\t']) {
            return Err("white space stands before an annotation of goose".to_owned());
        }
        let rest = line.replace("--", "").replacen("+goose", "", 1);
        if rest.contains("+goose") {
            return Err("there are two annotations of goose on one line".to_owned());
        }
        let name = rest.trim();
        let found = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, annotation)| *annotation).ok_or_else(|| {
            format!("goose knows no annotation `{name}`, and takes every comment with `+goose` in it for one")
        })
    }
}
