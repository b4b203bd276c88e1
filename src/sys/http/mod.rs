//! Fetches from servers and from files: small documents, and big files that go on where they stopped.
//!
//! Nothing that comes is believed here but for its size and its digest, which the caller has from elsewhere.

pub(crate) mod address;
mod bundle;
mod cause;
pub(crate) mod download;
mod exchange;
mod part;
mod patience;
mod problem;

use std::io::Read as _;
use std::path::Path;

use reqwest::Url;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};

use crate::digest::Sha256;
use crate::sys::clock::Stopwatch;
use crate::sys::fs::{self, PathError};
use crate::sys::http::address::Address;
use crate::sys::http::exchange::Exchange;
use crate::sys::http::patience::Retries;
use crate::sys::watch::Watch;

pub use address::{join, of_file, without_secrets};
pub use bundle::{Bundle, BundleError, BundleWriter};
pub use part::discard;
pub use patience::Patience;
pub use problem::{Cause, HttpError, Problem};

/// Fetches. Proxies are those of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
#[derive(Debug)]
pub struct Client {
    exchange: Exchange,
    patience: Patience,
    bundle: Option<Bundle>,
}

impl Client {
    /// A client that believes the system's root certificates, and those in `ca_file` (PEM) besides.
    ///
    /// `ca_file` is read at the first request to a server; until then nothing depends on it.
    pub fn new(ca_file: Option<&Path>, agent: &str) -> Self {
        Self { exchange: Exchange::new(ca_file, agent), patience: Patience::default(), bundle: None }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The same, taking everything from a bundle and nothing from anywhere else.
    #[must_use]
    pub fn with_bundle(self, bundle: Bundle) -> Self {
        Self { bundle: Some(bundle), ..self }
    }

    /// A whole document of at most `limit` bytes.
    ///
    /// # Errors
    /// See [`Problem`]; what may pass by itself was tried several times.
    pub fn fetch_small(&self, url: &str, limit: u64, watch: &dyn Watch) -> Result<Vec<u8>, HttpError> {
        let fetched = match &self.bundle {
            Some(bundle) => bundle.small(url, limit),
            None => Address::parse(url).and_then(|address| match address {
                Address::File(path) => small_file(&path, limit),
                Address::Web(url) => self.small_from_server(&url, limit, watch),
            }),
        };
        fetched.map_err(|problem| HttpError::new(url, problem))
    }

    /// Downloads into the file `part`, going on from what a former attempt left there. When it returns, exactly `size`
    /// bytes with the digest `sha256` are in it and durable.
    ///
    /// # Errors
    /// See [`Problem`]. What came so far is kept for the next attempt, unless its digest is wrong or it is too long.
    pub fn download(
        &self,
        url: &str,
        size: u64,
        sha256: Sha256,
        part: &Path,
        watch: &dyn Watch,
    ) -> Result<(), HttpError> {
        let done = Address::parse(url).and_then(|address| self.download_into(&address, size, sha256, part, watch));
        done.map_err(|problem| HttpError::new(url, problem))
    }

    fn small_from_server(&self, url: &Url, limit: u64, watch: &dyn Watch) -> Result<Vec<u8>, Problem> {
        let mut retries = Retries::new(self.patience, 0);
        loop {
            match self.small_once(url, limit, watch) {
                Ok(document) => return Ok(document),
                Err(problem) => retries.after(problem, 0, watch)?,
            }
        }
    }

    fn small_once(&self, url: &Url, limit: u64, watch: &dyn Watch) -> Result<Vec<u8>, Problem> {
        let begun = Stopwatch::start();
        let mut answer = self.exchange.get(url, HeaderMap::new(), &self.patience, watch)?;
        if answer.status != 200 {
            return Err(Problem::Status { status: answer.status, retry_after: answer.retry_after() });
        }
        let announced = answer.header(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Problem::TooLong { limit });
        }
        let mut document = Vec::new();
        while let Some(bytes) = answer.next(watch).map_err(|problem| problem.at(document.len() as u64))? {
            document.extend(bytes);
            if document.len() as u64 > limit {
                return Err(Problem::TooLong { limit });
            }
            // A server that drips never stalls.
            if begun.elapsed() > self.patience.document {
                return Err(Problem::Slow { limit: self.patience.document });
            }
        }
        Ok(document)
    }
}

fn small_file(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let file = fs::open_regular(path)?;
    let length = file.metadata().map_err(PathError::on("look at", path))?.len().min(limit);
    let mut document = Vec::with_capacity(usize::try_from(length).map_or(0, |length| length + 1));
    file.take(limit.saturating_add(1)).read_to_end(&mut document).map_err(PathError::on("read", path))?;
    if document.len() as u64 > limit { Err(Problem::TooLong { limit }) } else { Ok(document) }
}
