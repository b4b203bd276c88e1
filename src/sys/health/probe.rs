//! One question to the service, asked in a thread of its own: an answer that does not come must not hide the end of the
//! service, or a signal.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;

use super::{HealthCheck, HealthError};
use crate::causes;
use crate::config::Probe;
use crate::config::address::has_scheme;
use crate::sys::http::without_secrets;
use crate::sys::process::{Environment, Program};
use crate::sys::signal::Interrupt;

/// How long one question may take: long enough for a health handler that looks at its database.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// No answer about one's health is longer.
const LONGEST_BODY: u64 = 64 * 1024;

/// What the service says of itself.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is well.
    Well { version: Option<String> },
    /// It answers, but is not well. A `sign` that changes from answer to answer shows progress.
    Unwell { reason: String, sign: Option<Vec<u8>> },
    /// Nobody is there.
    Nobody(String),
}

/// Asks one question at a time.
pub(super) struct Prober {
    questions: Sender<()>,
    answers: Receiver<Answer>,
    // Gets a byte with each answer.
    heard: UnixStream,
    is_asked: bool,
}

impl Prober {
    pub(super) fn new(check: &HealthCheck) -> Result<Self, HealthError> {
        let mut question: Box<dyn FnMut() -> Answer + Send> = match &check.health.probe {
            Probe::Url(url) => {
                let client = client_of(check, url)?;
                let (url, shown) = (url.clone(), without_secrets(url));
                Box::new(move || get(&client, &url, &shown))
            }
            Probe::Command(argv) => {
                let (check, argv) = (check.clone(), argv.clone());
                Box::new(move || run(&check, &argv))
            }
            Probe::Alive => Box::new(|| Answer::Well { version: None }),
        };
        let (heard, mut voice) = UnixStream::pair()?;
        let (questions, asked) = mpsc::channel();
        let (teller, answers) = mpsc::channel();
        // Ends when the prober is dropped, at the latest after the question that is under way.
        std::thread::Builder::new().name("health".to_owned()).spawn(move || {
            while asked.recv().is_ok() {
                if teller.send(question()).is_err() || voice.write_all(b".").is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { questions, answers, heard, is_asked: false })
    }

    pub(super) fn ask(&mut self) {
        // The thread ends only with the prober.
        self.is_asked = self.questions.send(()).is_ok();
    }

    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Readable when the answer is there.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.heard.as_fd()
    }

    /// The answer, once, if it is there.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let answer = self.answers.try_recv().ok()?;
        self.is_asked = false;
        // The byte follows the answer at once.
        let _ = self.heard.read_exact(&mut [0]);
        Some(answer)
    }
}

/// One client for all questions: making it takes longer than asking.
pub(super) fn client_of(check: &HealthCheck, url: &str) -> Result<Client, HealthError> {
    if let Some(client) = check.client.get() {
        return Ok(client.clone());
    }
    let made =
        client(url).map_err(|error| HealthError::Probe { target: without_secrets(url), source: error.into() })?;
    Ok(check.client.get_or_init(|| made).clone())
}

/// Straight to the address: no proxy, no redirect, no connection that is kept from one process to the next.
fn client(url: &str) -> reqwest::Result<Client> {
    // Whoever was first has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT).pool_max_idle_per_host(0);
    // Certificates are only read where they are needed: a small system may have none.
    if has_scheme(url, "https:") { client.build() } else { client.tls_certs_only([]).build() }
}

fn get(client: &Client, url: &str, shown: &str) -> Answer {
    match client.get(url).send() {
        Ok(response) => read(response),
        Err(error) if is_refused(&error) => Answer::Nobody(format!("nobody answers at `{shown}`")),
        Err(error) if error.is_timeout() => {
            Answer::Unwell { reason: format!("`{shown}` does not answer within {TIMEOUT:?}"), sign: None }
        }
        Err(error) => Answer::Unwell { reason: causes::in_one_line(&error), sign: None },
    }
}

fn read(response: Response) -> Answer {
    let status = response.status();
    let mut body = Vec::new();
    if let Err(error) = response.take(LONGEST_BODY).read_to_end(&mut body) {
        return Answer::Unwell { reason: format!("{status}, and the answer breaks off: {error}"), sign: None };
    }
    if status.is_success() {
        return Answer::Well { version: version(&body) };
    }
    let text: String = String::from_utf8_lossy(&body).trim().chars().take(200).collect();
    let reason = if text.is_empty() { status.to_string() } else { format!("{status}: {text}") };
    Answer::Unwell { reason, sign: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(body) }
}

/// The `version` of a JSON object; other answers have none.
pub(crate) fn version(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    match value.get("version")? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn run(check: &HealthCheck, argv: &[String]) -> Answer {
    let environment = Environment::Clean { private: &check.private, user: check.user };
    let interrupt = Interrupt::never();
    let argv = argv.iter().map(OsString::from).collect();
    match (Program { argv, environment, timeout: TIMEOUT, interrupt: &interrupt }).run() {
        Ok(output) if output.status.success() => Answer::Well { version: version(&output.stdout) },
        Ok(output) => Answer::Unwell { reason: output.summary(), sign: None },
        Err(error) => Answer::Unwell { reason: causes::in_one_line(&error), sign: None },
    }
}

fn is_refused(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_with_a_version_names_one() {
        assert_eq!(version(br#"{"status":"ok","version":"1.5.0"}"#).as_deref(), Some("1.5.0"));
        assert_eq!(version(br#"{"version":2}"#).as_deref(), Some("2"));
        assert_eq!(version(b"ok"), None);
        assert_eq!(version(br#"["version"]"#), None);
    }
}
