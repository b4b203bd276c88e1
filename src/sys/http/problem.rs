//! What can go wrong between a server and a file, told apart by what helps.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;
use thiserror::Error;

use crate::digest::Sha256;
use crate::sys::fs::PathError;
use crate::sys::http::address::without_secrets;

/// What could not be fetched, and why.
#[derive(Debug, Error)]
#[error("cannot fetch `{url}`")]
pub struct HttpError {
    /// Without a user and a password.
    pub url: String,
    /// Why.
    #[source]
    pub problem: Problem,
}

impl HttpError {
    pub(super) fn new(url: &str, problem: Problem) -> Self {
        Self { url: without_secrets(url), problem }
    }
}

/// The cause of a problem, as the libraries below report it.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why something could not be fetched.
#[derive(Debug, Error)]
pub enum Problem {
    /// It is not an address, or not one that may be followed.
    #[error("it is not an address that can be used: {0}")]
    Address(String),
    /// Only a bundle may be used, and it is not in it.
    #[error("the bundle `{}` has no `{name}`", bundle.display())]
    NotBundled {
        /// Which bundle.
        bundle: std::path::PathBuf,
        /// What is missing in it.
        name: String,
    },
    /// No connection: the name does not resolve, or nobody answers.
    #[error("the server is out of reach")]
    Unreachable(#[source] Cause),
    /// The connection ended early.
    #[error("the connection broke off after {done} bytes")]
    Interrupted {
        /// Bytes of the whole that are there.
        done: u64,
        /// None where the body just ended.
        source: Option<Cause>,
    },
    /// The connection is open, but nothing came.
    #[error("the server sent nothing for {limit:?}")]
    Stalled {
        /// How long was waited.
        limit: Duration,
    },
    /// A small document that drips.
    #[error("it was not there after {limit:?}")]
    Slow {
        /// How long was waited.
        limit: Duration,
    },
    /// A download that drips.
    #[error("the server sent only {bytes} bytes in {within:?}")]
    Trickle {
        /// What came.
        bytes: u64,
        /// In which time.
        within: Duration,
    },
    /// The server refuses, or has trouble of its own.
    #[error("the server answered {status}{}", retry_after.map(|wait| format!(" and asks to wait {wait:?}")).unwrap_or_default())]
    Status {
        /// The status code (RFC 9110, section 15).
        status: u16,
        /// How long the server asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// A redirect that is not followed.
    #[error("a redirect is not followed: {0}")]
    Redirect(String),
    /// What came does not answer what was asked, such as another range of bytes.
    #[error("the server's answer does not fit: {0}")]
    Answer(String),
    /// The server's certificate is over, as this machine's clock has it.
    #[error("the server's certificate ended at {ended}, and the clock of this machine says {clock}")]
    Expired {
        /// The last instant of the certificate.
        ended: Timestamp,
        /// What the clock said.
        clock: Timestamp,
    },
    /// The server's certificate begins in the future, as this machine's clock has it.
    #[error("the server's certificate begins at {begins}, and the clock of this machine says {clock}")]
    NotYetValid {
        /// The first instant of the certificate.
        begins: Timestamp,
        /// What the clock said.
        clock: Timestamp,
    },
    /// The server's certificate is not one to believe.
    #[error("the server's certificate is not trusted")]
    Certificate(#[source] rustls::Error),
    /// The two do not agree on how to encrypt.
    #[error("no encrypted connection came about")]
    Encryption(#[source] rustls::Error),
    /// There are no root certificates to believe in.
    #[error("no root certificates can be loaded")]
    Roots(#[source] Cause),
    /// The certificates that are to be believed besides cannot be read, or there are none in their file.
    #[error("the certificates of `manifest.ca_file` cannot be used")]
    Authorities(#[source] PathError),
    /// It has another size than was promised.
    #[error("its size is {found} bytes{}, but {expected} were promised", content_type.as_ref().map(|kind| format!(" of `{kind}`")).unwrap_or_default())]
    Size {
        /// What the manifest promises.
        expected: u64,
        /// What there is, or what was read until it was too much.
        found: u64,
        /// What the server says that it is.
        content_type: Option<String>,
    },
    /// It has other bytes than were promised.
    #[error("its SHA-256 is {found}, but {expected} was promised")]
    Digest {
        /// What the manifest promises.
        expected: Sha256,
        /// That of what came.
        found: Sha256,
    },
    /// It is longer than a document of its kind may be.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The most that is taken.
        limit: u64,
    },
    /// A file of this machine.
    #[error(transparent)]
    File(#[from] PathError),
    /// Whoever watched called it off.
    #[error("it was called off")]
    Cancelled,
}

impl Problem {
    /// What helps, where something does.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Address(_) => "correct the address in the configuration or in the manifest",
            Self::NotBundled { .. } => {
                "bring a bundle that begins at the installed release: see `gantry-installer manifest bundle --help`"
            }
            Self::Unreachable(_) => "check the network, the server's name and the proxy, then run it again",
            Self::Interrupted { .. } | Self::Stalled { .. } | Self::Trickle { .. } | Self::Answer(_) => {
                "run it again: a download goes on where it stopped"
            }
            Self::Status { status: 401 | 403, .. } => "the server does not let this machine in: check the address",
            Self::Status { status: 404 | 410, .. } => "check the address, or ask the publisher where it went",
            Self::Status { .. } | Self::Slow { .. } => "run it again later",
            Self::Redirect(_) => "use the address that it leads to, if you trust it",
            Self::Expired { .. } | Self::NotYetValid { .. } => {
                "set the clock of this machine if it is wrong; if it is right, the server needs another certificate"
            }
            Self::Certificate(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                "if the server has an authority of its own, name its certificate as `manifest.ca_file`"
            }
            Self::Certificate(_) | Self::Encryption(_) => "check the address, and what stands between here and there",
            Self::Roots(_) => "install the package `ca-certificates`, or name a file of them as `manifest.ca_file`",
            Self::Authorities(_) => "correct `manifest.ca_file`: it is a file of certificates in PEM, or left out",
            Self::Size { .. } | Self::Digest { .. } | Self::TooLong { .. } => {
                "it is not the file that was published: a cache may serve an old one; run it again later or tell the publisher"
            }
            Self::File(_) => "check that the file is there, and that this user may read it",
            Self::Cancelled => return None,
        })
    }

    /// Whether the server, or the disk, answers and has no such file.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 404 | 410),
            Self::File(error) => error.is_missing(),
            _ => false,
        }
    }

    /// The same, where it knows how many bytes of the whole are there.
    pub(super) fn at(self, done: u64) -> Self {
        match self {
            Self::Interrupted { source, .. } => Self::Interrupted { done, source },
            other => other,
        }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Interrupted { .. } | Self::Stalled { .. } | Self::Answer(_) => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}
