//! As much of an HTTP client as a load generator needs: one connection that is kept, and an honest word about what is
//! not known after a failure.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_BODY: usize = 1 << 20;

/// One connection to a node, made when it is needed.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

/// What the node said.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Silence {
    /// No byte of the request left: it did not happen.
    NotSent,
    /// The request, or a part of it, was sent: it may have happened.
    NotAnswered,
}

impl Client {
    /// For a URL like `http://127.0.0.1:8080`.
    pub fn new(url: &str) -> io::Result<Self> {
        let malformed = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{url}` is not http://HOST:PORT"));
        let authority = url.strip_prefix("http://").ok_or_else(malformed)?.trim_end_matches('/');
        let address = authority.to_socket_addrs()?.next().ok_or_else(malformed)?;
        Ok(Self { address, connection: None })
    }

    /// Sends one request and reads its answer. After a failure the next request makes a new connection.
    pub fn request(&mut self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Result<Response, Silence> {
        let mut connection = match self.connection.take() {
            Some(kept) => kept,
            None => connect(self.address).map_err(|_| Silence::NotSent)?,
        };
        let address = self.address;
        let length = body.len();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        )
        .into_bytes();
        request.extend_from_slice(body);
        connection.get_mut().write_all(&request).map_err(|_| Silence::NotAnswered)?;
        let (response, kept) = read_response(&mut connection).map_err(|_| Silence::NotAnswered)?;
        self.connection = kept.then_some(connection);
        Ok(response)
    }
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// The answer, and whether the connection may be used again.
fn read_response(connection: &mut BufReader<TcpStream>) -> io::Result<(Response, bool)> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "this is not an HTTP response");
    let status = read_line(connection)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(malformed)?;
    let (mut length, mut kept) = (0, true);
    loop {
        let line = read_line(connection)?.to_ascii_lowercase();
        match line.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().map_err(|_| malformed())?,
            Some(("connection", value)) => kept = value.trim() != "close",
            Some(_) => {}
            None if line.is_empty() => break,
            None => return Err(malformed()),
        }
    }
    if length > LONGEST_BODY {
        return Err(malformed());
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok((Response { status, body }, kept))
}

fn read_line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
