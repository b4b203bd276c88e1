//! The answers of a server, right and wrong ones.

use crate::release_server::{Mode, Request};

/// When every file was changed last.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// An answer.
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// One without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: vec![("Content-Length", "0".to_owned())], body: Vec::new() }
    }

    /// The content of a file, or what a mode makes of it.
    pub fn new(request: &Request, content: Vec<u8>, mode: &Mode) -> Self {
        let tag = match mode {
            Mode::ConstantETag => "\"constant\"".to_owned(),
            Mode::ChangingETag => format!("\"{:?}\"", std::time::Instant::now()),
            Mode::WeakETagCutAfter(_) => format!("W/{}", tag(&content)),
            _ => tag(&content),
        };
        let asked = request.range().filter(|_| {
            let same = request.headers.get("if-range").is_none_or(|known| *known == tag || known == DATE);
            same || matches!(mode, Mode::RangeOfOtherVersion)
        });
        let mut reply = Self::status(200);
        match (asked, mode) {
            (Some(_), Mode::NoSuchRange) => return Self::status(416),
            (Some(_), Mode::IgnoreRange) => reply.body = content,
            (Some(first), _) if first < content.len() => {
                let first = if matches!(mode, Mode::OtherRange) { first + 1 } else { first };
                let count = if let Mode::ShortRange(count) = mode { *count } else { content.len() - first };
                reply = Self::range(&content, first, count);
            }
            (Some(_), _) => return Self::status(416),
            (None, Mode::UnaskedRange) => reply = Self::range(&content, 0, content.len()),
            (None, _) => reply.body = content,
        }
        match mode {
            Mode::NoValidatorCutAfter(_) => {}
            Mode::DateCutAfter(_) => reply.headers.push(("Last-Modified", DATE.to_owned())),
            Mode::RangeOfOtherVersion if reply.status == 206 => reply.headers.push(("ETag", "\"other\"".to_owned())),
            _ => reply.headers.push(("ETag", tag)),
        }
        reply.misbehave(mode)
    }

    fn range(content: &[u8], first: usize, count: usize) -> Self {
        let last = first + count - 1;
        let range = format!("bytes {first}-{last}/{}", content.len());
        Self { status: 206, headers: vec![("Content-Range", range)], body: content[first..=last].to_vec() }
    }

    fn misbehave(mut self, mode: &Mode) -> Self {
        match mode {
            Mode::Status(status) => return Self::status(*status),
            Mode::RetryAfter(status, seconds) => {
                self = Self::status(*status);
                self.headers.push(("Retry-After", seconds.to_string()));
                return self;
            }
            Mode::Redirect(to) => {
                self = Self::status(302);
                self.headers.push(("Location", to.clone()));
                return self;
            }
            Mode::Empty => return Self::status(200),
            Mode::Html => {
                self = Self::status(200);
                self.body = b"<html>please log in</html>".to_vec();
                self.headers.push(("Content-Type", "text/html".to_owned()));
            }
            Mode::Longer(count) => self.body.resize(self.body.len() + count, b'x'),
            Mode::FlippedBit => self.body[0] ^= 1,
            Mode::HugeHeaders => self.headers.push(("X-Huge", "x".repeat(1 << 20))),
            _ => {}
        }
        self.headers.retain(|(name, _)| *name != "Content-Length");
        if matches!(mode, Mode::ChunkedCutAfter(_)) {
            self.headers.push(("Transfer-Encoding", "chunked".to_owned()));
        } else if !matches!(mode, Mode::Endless | Mode::NoLength | Mode::NoLengthCutAfter(_)) {
            self.headers.push(("Content-Length", self.body.len().to_string()));
        }
        if let Mode::MoreThanAnnounced(count) = mode {
            self.body.resize(self.body.len() + count, b'x');
        }
        self
    }

    /// All before the body.
    pub fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Reason\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}

fn tag(content: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("\"{:x}\"", hasher.finish())
}
