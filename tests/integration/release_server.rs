//! An HTTP/1.1 server on the loopback that serves a directory, and misbehaves on demand.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How a path is served.
#[derive(Clone, Debug)]
pub enum Mode {
    /// As it should be: ranges, `If-Range`, a strong `ETag`, the length.
    Ok,
    /// After so many bytes of the body nothing comes any more, and the connection stays open.
    StallAfter(usize),
    /// After so many bytes of the body the connection is reset.
    ResetAfter(usize),
    /// After so many bytes of the body the connection is closed.
    CloseAfter(usize),
    /// Waits so long after each byte.
    Drip(Duration),
    /// A range is answered with another one, which begins a byte later.
    OtherRange,
    /// A range is answered with so many bytes, less than were asked for.
    ShortRange(usize),
    /// A range is answered with 206, whatever version was asked for, and the `ETag` of another.
    RangeOfOtherVersion,
    /// A range is answered with the whole.
    IgnoreRange,
    /// A range is answered with 416.
    NoSuchRange,
    /// A `206`, though no range was asked for.
    UnaskedRange,
    /// The body and its announced length have so many bytes more.
    Longer(usize),
    /// No length, and a body that never ends.
    Endless,
    /// No length; the end of the connection is the end of the body.
    NoLength,
    /// As `NoLength`, but it ends after so many bytes.
    NoLengthCutAfter(usize),
    /// No length but chunks, and the connection is closed after so many bytes of them.
    ChunkedCutAfter(usize),
    /// One bit of the first byte is another.
    FlippedBit,
    /// A status, without a body.
    Status(u16),
    /// A status that asks to come back after so many seconds.
    RetryAfter(u16, u64),
    /// Leads to another address.
    Redirect(String),
    /// 200 without a body.
    Empty,
    /// 200 with a page that says that something is wrong.
    Html,
    /// As `CloseAfter`, with neither `ETag` nor `Last-Modified`.
    NoValidatorCutAfter(usize),
    /// As `CloseAfter`, with an `ETag` that is a weak one.
    WeakETagCutAfter(usize),
    /// As `CloseAfter`, with a `Last-Modified` in place of the `ETag`.
    DateCutAfter(usize),
    /// The same `ETag` whatever the content is.
    ConstantETag,
    /// A megabyte of headers.
    HugeHeaders,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET /file HTTP/1.1`.
    pub line: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
}

impl Request {
    fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// The first byte of the range that was asked for.
    pub fn range(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// The server; it stops when it is dropped.
pub struct ReleaseServer {
    scheme: &'static str,
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    directory: PathBuf,
    encryption: Option<Arc<ServerConfig>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stopped: bool,
    always: HashMap<String, Mode>,
    first: HashMap<String, VecDeque<Mode>>,
    requests: Vec<Request>,
    connections: Vec<TcpStream>,
}

impl ReleaseServer {
    /// Serves the files of a directory.
    pub fn start(directory: &Path) -> Self {
        Self::start_with(directory, None)
    }

    /// The same by https.
    pub fn start_encrypted(directory: &Path, encryption: Arc<ServerConfig>) -> Self {
        Self::start_with(directory, Some(encryption))
    }

    fn start_with(directory: &Path, encryption: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if encryption.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared { directory: directory.to_owned(), encryption, state: Mutex::default() });
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accept(&listener, &accepting));
        Self { scheme, address, shared, thread: Some(thread) }
    }

    /// The address of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// From now on serves `path` like this.
    pub fn misbehave(&self, path: &str, mode: Mode) {
        self.shared.state.lock().unwrap().always.insert(path.to_owned(), mode);
    }

    /// Serves the next `times` requests for `path` like this; several calls add up.
    pub fn misbehave_first(&self, path: &str, times: usize, mode: Mode) {
        let mut state = self.shared.state.lock().unwrap();
        state.first.entry(path.to_owned()).or_default().extend(std::iter::repeat_n(mode, times));
    }

    /// What was asked for so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state.lock().unwrap().requests.clone()
    }

    /// The first bytes of the ranges that were asked for so far; none where the whole was.
    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.requests().iter().map(Request::range).collect()
    }
}

impl Drop for ReleaseServer {
    fn drop(&mut self) {
        let connections = {
            let mut state = self.shared.state.lock().unwrap();
            state.stopped = true;
            std::mem::take(&mut state.connections)
        };
        for connection in connections {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept() {
        {
            let mut state = shared.state.lock().unwrap();
            if state.stopped {
                return;
            }
            state.connections.push(connection.try_clone().unwrap());
        }
        let shared = Arc::clone(shared);
        // Whoever hangs up in the middle is no error here.
        std::thread::spawn(move || {
            let served = serve(&connection, &shared);
            // The clone that is kept for the stop would hold it open. A reset comes about because a byte of the
            // request is left unread when the last of the two is closed.
            let mut state = shared.state.lock().unwrap();
            let peer = connection.peer_addr().ok();
            state.connections.retain(|kept| kept.peer_addr().ok() != peer);
            drop((state, served));
        });
    }
}

fn serve(connection: &TcpStream, shared: &Shared) -> io::Result<()> {
    match &shared.encryption {
        None => answer(connection, shared),
        Some(encryption) => {
            let session = ServerConnection::new(Arc::clone(encryption)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(session, connection);
            answer(&mut stream, shared)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn answer(mut stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    let request = read_request(&mut stream)?;
    let path = request.path().to_owned();
    let mode = {
        let mut state = shared.state.lock().unwrap();
        state.requests.push(request.clone());
        let first = state.first.get_mut(&path).and_then(VecDeque::pop_front);
        first.or_else(|| state.always.get(&path).cloned()).unwrap_or(Mode::Ok)
    };
    let reply = match std::fs::read(shared.directory.join(path.trim_start_matches('/'))) {
        Ok(content) => Reply::new(&request, content, &mode),
        Err(_) => Reply::status(404),
    };
    if !matches!(mode, Mode::ResetAfter(_)) {
        stream.read_exact(&mut [0])?;
    }
    stream.write_all(reply.head().as_bytes())?;
    match mode {
        Mode::StallAfter(count) => {
            stream.write_all(&reply.body[..count.min(reply.body.len())])?;
            stream.flush()?;
            // Until the other side, or the end of the test, hangs up.
            stream.read_exact(&mut [0])
        }
        Mode::ResetAfter(count)
        | Mode::CloseAfter(count)
        | Mode::NoLengthCutAfter(count)
        | Mode::NoValidatorCutAfter(count)
        | Mode::WeakETagCutAfter(count)
        | Mode::DateCutAfter(count) => stream.write_all(&reply.body[..count.min(reply.body.len())]),
        Mode::ChunkedCutAfter(count) => {
            write!(stream, "{count:x}\r\n")?;
            stream.write_all(&reply.body[..count])?;
            stream.write_all(b"\r\n")
        }
        Mode::Drip(wait) => reply.body.iter().try_for_each(|byte| {
            std::thread::sleep(wait);
            stream.write_all(&[*byte])
        }),
        Mode::Endless => loop {
            stream.write_all(&[b'x'; 4096])?;
        },
        _ => stream.write_all(&reply.body),
    }
}

/// Reads up to the last byte of the head, which stays where it is.
fn read_request(stream: &mut impl Read) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let text = String::from_utf8_lossy(&head);
    let mut lines = text.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    Ok(Request { line, headers: pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect() })
}

/// When every file was changed last.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn status(status: u16) -> Self {
        Self { status, headers: vec![("Content-Length", "0".to_owned())], body: Vec::new() }
    }

    fn new(request: &Request, content: Vec<u8>, mode: &Mode) -> Self {
        let tag = match mode {
            Mode::ConstantETag => "\"constant\"".to_owned(),
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
        self
    }

    fn head(&self) -> String {
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
