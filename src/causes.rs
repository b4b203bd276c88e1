//! An error's chain of causes, in words.

use std::error::Error;

/// The causes of an error, outermost first, without those that repeat what stands above them.
pub fn of(error: &dyn Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let words = cause.to_string();
        // A transparent error says the same as its cause, and some say their cause at their own end.
        if !said.ends_with(&words) {
            causes.push(words.clone());
            said = words;
        }
    }
    causes
}

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
}
