//! An error's chain of causes, in words.

use std::error::Error;

/// The causes of an error, outermost first, without those that repeat what stands above them.
pub fn of(error: &dyn Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let words = cause.to_string();
        // A transparent error says the same as its cause, and some say their cause at their own end.
        if !said.ends_with(&words) && words != SAYS_NOTHING {
            causes.push(words.clone());
            said = words;
        }
    }
    causes
}

/// The words of SQLite's code for every error without one of its own. What it means stands above it.
const SAYS_NOTHING: &str = "Error code 1: SQL logic error";

/// An error and its causes in one line.
pub fn in_one_line(error: &dyn Error) -> String {
    of(error).into_iter().fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot begin")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Middle(#[from] std::fmt::Error);

    #[test]
    fn a_cause_that_repeats_what_was_said_is_said_once() {
        let inner = std::fmt::Error.to_string();
        assert_eq!(in_one_line(&Outer(Middle(std::fmt::Error))), format!("cannot begin: {inner}"));
        assert_eq!(in_one_line(&Middle(std::fmt::Error)), inner);
    }

    #[test]
    fn the_code_of_an_error_of_sqlite_is_told_only_where_it_says_more_than_its_words() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        let told = |sql| in_one_line(&database.execute_batch(sql).unwrap_err());
        let nothing = told("CREATE TABLE a (x UNIQUE); CREATE TABLE a (x)");
        assert!(nothing.starts_with("table a already exists") && !nothing.contains("Error code"), "{nothing}");
        let more = told("INSERT INTO a VALUES (1), (1)");
        assert!(more.starts_with("UNIQUE constraint failed: a.x: Error code 2067"), "{more}");
    }
}
