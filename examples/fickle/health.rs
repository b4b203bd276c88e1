//! What is said at the health address, and whether anything is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::Fallible;
use super::release::Release;

/// Answers at the health address from now on.
pub fn listen(address: &str, release: Arc<Release>) -> Fallible<()> {
    let listener = TcpListener::bind(address).map_err(|error| format!("cannot listen at `{address}`: {error}"))?;
    eprintln!("fickle {} listens at {}", release.version, listener.local_addr()?);
    let asked = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (release, asked) = (Arc::clone(&release), Arc::clone(&asked));
            thread::spawn(move || {
                // Whoever asked may have hung up.
                let _ = answer(&stream, &release, &asked);
            });
        }
    });
    Ok(())
}

fn answer(mut stream: &TcpStream, release: &Release, asked: &AtomicU64) -> Fallible<()> {
    let mut lines = BufReader::new(stream).lines();
    let question = lines.next().ok_or("no question")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, body) = if question.starts_with("GET /healthz ") {
        if release.does("hangs-on-health") {
            loop {
                thread::park();
            }
        }
        health(release, asked.fetch_add(1, Ordering::SeqCst))?
    } else {
        ("404 Not Found", "{}".to_owned())
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}");
    write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}")?;
    Ok(())
}

fn health(release: &Release, turn: u64) -> Fallible<(&'static str, String)> {
    const UNWELL: &str = "503 Service Unavailable";
    if release.does("never-healthy") || (release.does("flaps") && turn.is_multiple_of(2)) {
        return Ok((UNWELL, r#"{"status":"starting"}"#.to_owned()));
    }
    match release.number("healthy-after")? {
        Some(needed) if turn < needed => Ok((UNWELL, format!(r#"{{"status":"step {turn} of {needed}"}}"#))),
        _ => {
            let version = release.mode.get("answers-as").unwrap_or(&release.version);
            Ok(("200 OK", format!(r#"{{"status":"ok","version":"{version}"}}"#)))
        }
    }
}
