//! An HTTP server that answers as a test wants.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};

use super::Probe;

pub(super) struct Answers {
    port: u16,
    turns: Arc<AtomicUsize>,
    questions: Receiver<TcpStream>,
}

impl Answers {
    pub(super) fn version(version: &str) -> Self {
        let body = format!(r#"{{"version":"{version}"}}"#);
        Self::by_turn(move |_| (200, body.clone()))
    }

    /// Status and body by the number of the question, counted from 0.
    pub(super) fn by_turn(answer: impl Fn(usize) -> (u16, String) + Send + 'static) -> Self {
        Self::serve(move |turn, mut stream| {
            let (status, body) = answer(turn);
            let reason = match status {
                302 => "Found\r\nLocation: /elsewhere",
                503 => "Service Unavailable",
                _ => "Whatever",
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
            None
        })
    }

    /// Takes a question and never answers.
    pub(super) fn that_hang() -> Self {
        Self::serve(|_, stream| Some(stream))
    }

    /// An address at which nobody listens.
    pub(super) fn nobody() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, turns: Arc::default(), questions: mpsc::channel().1 }
    }

    pub(super) fn probe(&self) -> Probe {
        Probe::Url(format!("http://127.0.0.1:{}/healthz", self.port))
    }

    pub(super) fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    /// Gives the connection of a question that hangs.
    pub(super) fn wait_for_a_question(&self) -> TcpStream {
        self.questions.recv().unwrap()
    }

    fn serve(answer: impl Fn(usize, TcpStream) -> Option<TcpStream> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let turns = Arc::new(AtomicUsize::new(0));
        let (counted, (hanging, questions)) = (Arc::clone(&turns), mpsc::channel());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let kept = answer(counted.fetch_add(1, Ordering::SeqCst), stream);
                // Nobody may be interested.
                let _ = kept.map(|stream| hanging.send(stream));
            }
        });
        Self { port, turns, questions }
    }
}
