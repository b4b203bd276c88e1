//! One connection's writes: mostly new keys, some over earlier ones, some that delete.

use std::io;
use std::iter::Sum;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, Response, Silence};
use crate::load::BUCKETS;
use crate::log::{Entry, Kind, Log};
use crate::pace::{Ending, Pace};

const OVERWRITE_EVERY: u64 = 7;
const DELETE_EVERY: u64 = 25;
const RETRY: Duration = Duration::from_millis(5);

/// What a worker saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub attempted: u64,
    pub declined: u64,
    pub unreachable: u64,
}

/// One connection. No other worker, of this load or an earlier one with the same log, writes its keys.
#[derive(Debug)]
pub struct Worker<'a> {
    client: Client,
    log: &'a Log,
    name: String,
    tally: Tally,
}

impl<'a> Worker<'a> {
    /// `name` begins all its keys.
    pub fn new(client: Client, log: &'a Log, name: String) -> Self {
        Self { client, log, name, tally: Tally::default() }
    }

    /// Writes until the end comes.
    pub fn run(mut self, mut pace: Pace, ending: &Ending) -> io::Result<Tally> {
        let mut turn = 0;
        while pace.wait(ending) {
            turn += 1;
            let (kind, subject) = choose(turn);
            self.write(kind, subject, turn, ending)?;
        }
        Ok(self.tally)
    }

    fn write(&mut self, kind: Kind, subject: u64, turn: u64, ending: &Ending) -> io::Result<()> {
        let bucket = usize::try_from(subject).ok().and_then(|subject| BUCKETS.get(subject % BUCKETS.len()));
        let bucket = (*bucket.unwrap_or(&"photos")).to_owned();
        let key = format!("{}/{subject:06}", self.name);
        let nothing = String::from("-");
        let mut entry = Entry { number: self.log.number(), kind, bucket, key, id: nothing.clone(), etag: nothing };
        self.tally.attempted += 1;
        loop {
            match self.send(&entry, turn) {
                Ok(response) => return self.note(&mut entry, &response),
                Err(Silence::NotAnswered) => return self.log.maybe(&entry),
                Err(Silence::NotSent) => self.tally.unreachable += 1,
            }
            if ending.is_here() {
                return Ok(());
            }
            std::thread::sleep(RETRY);
        }
    }

    fn send(&mut self, entry: &Entry, turn: u64) -> Result<Response, Silence> {
        let path = format!("/buckets/{}/objects/{}", entry.bucket, entry.key);
        match entry.kind {
            Kind::Delete => self.client.request("DELETE", &path, "application/json", b""),
            Kind::Put | Kind::Bucket => {
                let content = json!({ "worker": self.name, "turn": turn }).to_string();
                self.client.request("PUT", &path, "application/json", content.as_bytes())
            }
        }
    }

    fn note(&mut self, entry: &mut Entry, response: &Response) -> io::Result<()> {
        match response.status {
            201 => {
                entry.id = id(response)?;
                entry.etag = field(response, "etag")?;
                self.log.acknowledged(entry)
            }
            204 => self.log.acknowledged(entry),
            // The node could not tell what became of its transaction.
            500.. => self.log.maybe(entry),
            _ => {
                self.tally.declined += 1;
                Ok(())
            }
        }
    }
}

/// What a worker does in a turn, to which of its keys.
fn choose(turn: u64) -> (Kind, u64) {
    if turn.is_multiple_of(DELETE_EVERY) {
        (Kind::Delete, turn / 2 + 1)
    } else if turn.is_multiple_of(OVERWRITE_EVERY) {
        (Kind::Put, turn / 3 + 1)
    } else {
        (Kind::Put, turn)
    }
}

/// The id in an answer.
pub fn id(response: &Response) -> io::Result<String> {
    field(response, "id")
}

fn field(response: &Response, name: &str) -> io::Result<String> {
    let body: Value = serde_json::from_slice(&response.body)?;
    let text = body.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("an answer without `{name}`")))
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, one| Self {
            attempted: sum.attempted + one.attempted,
            declined: sum.declined + one.declined,
            unreachable: sum.unreachable + one.unreachable,
        })
    }
}
