//! One request and its answer. They run in a thread of their own, so that whoever waits can be called off at any time.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, SyncSender, sync_channel};
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Certificate, Url};

use crate::sys::fs::{self, PathError};
use crate::sys::http::cause;
use crate::sys::http::patience::Patience;
use crate::sys::http::problem::Problem;
use crate::sys::watch::Watch;

/// How many redirects are followed.
const REDIRECTS: usize = 10;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How many chunks may wait for the disk.
const WAITING: usize = 4;
/// How often the watcher is asked while nothing comes.
const LOOK: Duration = Duration::from_millis(20);

/// Makes requests.
#[derive(Debug)]
pub(super) struct Exchange {
    ca_file: Option<PathBuf>,
    agent: String,
    /// Built when it is needed: to load the root certificates takes 67 ms, which a file should not cost, and whoever
    /// fetches nothing is not stopped by certificates that are not there.
    client: OnceLock<Client>,
}

/// The beginning of an answer; its body follows by `next`.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    news: Receiver<News>,
}

/// What the thread of a request tells.
enum News {
    Head(u16, HeaderMap),
    Bytes(Vec<u8>),
    End,
    Failed(Problem),
}

impl Exchange {
    pub(super) fn new(ca_file: Option<&Path>, agent: &str) -> Self {
        Self { ca_file: ca_file.map(Path::to_owned), agent: agent.to_owned(), client: OnceLock::new() }
    }

    /// Asks for `url` and waits for the beginning of the answer.
    pub(super) fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        patience: &Patience,
        watch: &dyn Watch,
    ) -> Result<Answer, Problem> {
        let request = self.client(patience)?.get(url.clone()).headers(headers);
        let limit = patience.stall;
        let (tell, news) = sync_channel(WAITING);
        let run = move || {
            // Nobody listens any more after it was called off.
            let _ = match request.send() {
                Ok(response) => pass_on(response, &tell, limit),
                Err(error) => tell.send(News::Failed(cause::of_request(error, limit))),
            };
        };
        let thread = std::thread::Builder::new().name("download".to_owned()).spawn(run);
        thread.map_err(|error| Problem::Interrupted { done: 0, source: Some(error.into()) })?;
        match wait(&news, watch)? {
            News::Head(status, headers) => Ok(Answer { status, headers, news }),
            _ => Err(Problem::Interrupted { done: 0, source: None }),
        }
    }

    fn client(&self, patience: &Patience) -> Result<&Client, Problem> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only where another thread was faster, and then there is one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let authorities = self.ca_file.as_deref().map(authorities).transpose().map_err(Problem::Authorities)?;
        let built = Client::builder()
            .user_agent(&self.agent)
            .connect_timeout(patience.connect)
            // Of a blocking client this is the limit of each single wait, not of the whole.
            .timeout(patience.stall)
            .redirect(Policy::custom(redirect))
            .referer(false)
            .tls_certs_merge(authorities.unwrap_or_default())
            .build()
            .map_err(|error| Problem::Roots(error.into()))?;
        Ok(self.client.get_or_init(|| built))
    }
}

impl Answer {
    /// The next bytes of the body, or nothing at its end.
    pub(super) fn next(&mut self, watch: &dyn Watch) -> Result<Option<Vec<u8>>, Problem> {
        match wait(&self.news, watch)? {
            News::Bytes(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    /// How long the server asks to be left alone, in seconds; a date would need clocks that agree.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER)?.parse().ok().map(Duration::from_secs)
    }

    /// A header that is text.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, PathError> {
    let pem = fs::read(path)?;
    let unusable = |source: io::Error| PathError::on("take a certificate from", path)(source);
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(io::Error::other(error)))?;
    if found.is_empty() {
        return Err(unusable(io::Error::other("there is none in it")));
    }
    Ok(found)
}

fn redirect(attempt: Attempt) -> Action {
    let from_https = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS {
        return attempt.error(format!("there were more than {REDIRECTS} of them"));
    }
    if from_https && attempt.url().scheme() != "https" {
        return attempt.error("it leads from https to http");
    }
    attempt.follow()
}

fn pass_on(mut response: Response, tell: &SyncSender<News>, limit: Duration) -> Result<(), SendError<News>> {
    tell.send(News::Head(response.status().as_u16(), std::mem::take(response.headers_mut())))?;
    loop {
        let mut chunk = vec![0; CHUNK];
        match response.read(&mut chunk) {
            Ok(0) => return tell.send(News::End),
            Ok(count) => {
                chunk.truncate(count);
                tell.send(News::Bytes(chunk))?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return tell.send(News::Failed(cause::of_body(error, limit))),
        }
    }
}

fn wait(news: &Receiver<News>, watch: &dyn Watch) -> Result<News, Problem> {
    loop {
        if watch.cancelled() {
            return Err(Problem::Cancelled);
        }
        match news.recv_timeout(LOOK) {
            Ok(News::Failed(problem)) => return Err(problem),
            Ok(news) => return Ok(news),
            Err(RecvTimeoutError::Timeout) => {}
            // The thread ended without a word: not the end of the body.
            Err(RecvTimeoutError::Disconnected) => return Err(Problem::Interrupted { done: 0, source: None }),
        }
    }
}
