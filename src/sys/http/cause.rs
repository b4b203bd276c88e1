//! From the errors of the libraries below to what helps: the certificates lie deep in their chains.

use std::error::Error;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::sys::http::problem::{Cause, Problem};

/// Why no answer came.
pub(super) fn of_request(error: reqwest::Error, limit: Duration) -> Problem {
    let error = error.without_url();
    if error.is_redirect() {
        return Problem::Redirect(innermost(&error).to_string());
    }
    if error.is_builder() {
        return Problem::Address(innermost(&error).to_string());
    }
    if let Some(error) = chain(&error).find_map(|link| link.downcast_ref::<rustls::Error>()) {
        return of_encryption(error);
    }
    match () {
        () if error.is_connect() => Problem::Unreachable(error.into()),
        () if error.is_timeout() => Problem::Stalled { limit },
        () => Problem::Interrupted { done: 0, source: Some(error.into()) },
    }
}

/// Why a body ended before its time.
pub(super) fn of_body(error: io::Error, limit: Duration) -> Problem {
    let timed_out = |link: &(dyn Error + 'static)| link.downcast_ref().is_some_and(reqwest::Error::is_timeout);
    if chain(&error).any(timed_out) {
        return Problem::Stalled { limit };
    }
    Problem::Interrupted { done: 0, source: Some(Cause::from(error)) }
}

fn of_encryption(error: &rustls::Error) -> Problem {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }) => {
            Problem::Expired { ended: instant(*not_after), clock: instant(*time) }
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { time, not_before }) => {
            Problem::NotYetValid { begins: instant(*not_before), clock: instant(*time) }
        }
        rustls::Error::InvalidCertificate(_) => Problem::Certificate(error.clone()),
        error => Problem::Encryption(error.clone()),
    }
}

fn instant(time: UnixTime) -> Timestamp {
    i64::try_from(time.as_secs()).ok().and_then(|second| Timestamp::from_second(second).ok()).unwrap_or(Timestamp::MAX)
}

/// An error and its causes. `io::Error` hides what it wraps from `source`, which skips to the cause of that.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let cause = |&link: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> {
        match link.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => link.source(),
        }
    };
    std::iter::successors(Some(error), cause)
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}
