//! An HTTP/1.1 server on the loopback that serves a directory, and misbehaves on demand.

mod mode;
mod reply;

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub use mode::Mode;
use reply::Reply;

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
    match mode {
        Mode::HangUp => return Ok(()),
        Mode::SlowHeaders(wait) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ")?;
            loop {
                stream.write_all(b"x")?;
                std::thread::sleep(wait);
            }
        }
        _ => stream.write_all(reply.head().as_bytes())?,
    }
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
