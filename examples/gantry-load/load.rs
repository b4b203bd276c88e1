//! The load: workers that write, and a summary of what came of it.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::client::Client;
use crate::log::{Beginning, Entry, Kind, Log};
use crate::pace::{Ending, Pace};
use crate::worker::{Tally, Worker};

/// The buckets that are written to.
pub const BUCKETS: [&str; 4] = ["photos", "music", "backups", "logs"];
const CRADLES: [&str; 3] = ["cellar", "attic", "garage"];
const CAPACITY: u64 = 4 << 40;
const RETRY: Duration = Duration::from_millis(5);

/// How to write.
#[derive(clap::Args)]
pub struct Load {
    /// Address of the node, such as http://127.0.0.1:8080
    #[arg(long)]
    url: String,
    /// Where acknowledged writes are logged; those without an answer go to the same name with .maybe
    #[arg(long)]
    log: PathBuf,
    /// Writes a second, of all connections together
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Seconds to write for
    #[arg(long, required_unless_present = "until_stopped", conflicts_with = "until_stopped")]
    duration: Option<u64>,
    /// Write until SIGTERM or SIGINT
    #[arg(long)]
    until_stopped: bool,
    /// Connections that write at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// Go on with an existing log
    #[arg(long)]
    resume: bool,
}

/// What came of a load.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Writes that were begun.
    pub attempted: u64,
    /// Those that were acknowledged, and logged as such.
    pub acknowledged: u64,
    /// Those that were sent and not answered.
    pub maybe: u64,
    /// Those that the node declined.
    pub declined: u64,
    /// How often no connection could be made.
    pub unreachable: u64,
    /// Milliseconds of the longest time without an acknowledgement.
    pub longest_gap_ms: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// Acknowledged writes a second.
    pub rate: f64,
}

/// Writes until the end comes.
pub fn run(arguments: &Load) -> Result<Summary, Box<dyn Error>> {
    let beginning = if arguments.resume { Beginning::Resumed } else { Beginning::New };
    let log = Log::open(&arguments.log, beginning)?;
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&asked))?;
    }
    let started = Instant::now();
    let deadline = arguments.duration.map(|seconds| started + Duration::from_secs(seconds));
    let ending = Ending { asked, deadline };
    furnish(&arguments.url, &log, &ending)?;
    let first = log.number();
    let tally = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.connections)
            .map(|index| {
                let (log, ending) = (&log, &ending);
                scope.spawn(move || {
                    let pace = Pace::of_one(index, arguments.connections, arguments.rate);
                    Worker::new(Client::new(&arguments.url)?, log, format!("{first}-{index}")).run(pace, ending)
                })
            })
            .collect();
        let tallies = workers.into_iter().map(|worker| worker.join().unwrap_or_else(again));
        tallies.sum::<std::io::Result<Tally>>()
    })?;
    Ok(summary(&log, &tally, started.elapsed()))
}

/// Makes the buckets and the cradles, where they are not there yet; waits for a node that is down.
fn furnish(url: &str, log: &Log, ending: &Ending) -> Result<(), Box<dyn Error>> {
    let mut client = Client::new(url)?;
    for name in CRADLES {
        let cradle = json!({ "name": name, "address": format!("{name}.lan:7480"), "capacity_bytes": CAPACITY });
        insist(&mut client, "/cradles", &cradle.to_string(), ending)?;
    }
    for name in BUCKETS {
        let number = log.number();
        if let Some(id) = insist(&mut client, "/buckets", &json!({ "name": name }).to_string(), ending)? {
            let (bucket, nothing) = (name.to_owned(), String::from("-"));
            let etag = nothing.clone();
            log.acknowledged(&Entry { number, kind: Kind::Bucket, bucket, key: nothing, id, etag })?;
        }
    }
    Ok(())
}

/// The id of what was made, or nothing where the name was taken.
fn insist(client: &mut Client, path: &str, body: &str, ending: &Ending) -> Result<Option<String>, Box<dyn Error>> {
    while !ending.is_here() {
        match client.request("POST", path, "application/json", body.as_bytes()) {
            Ok(response) if response.status == 201 => return Ok(Some(crate::worker::id(&response)?)),
            Ok(response) if response.status == 409 => return Ok(None),
            Ok(response) if response.status < 500 => {
                return Err(format!("`POST {path}` is answered with {}", response.status).into());
            }
            Ok(_) | Err(_) => std::thread::sleep(RETRY),
        }
    }
    Err("the load ended before the node answered".into())
}

fn summary(log: &Log, tally: &Tally, duration: Duration) -> Summary {
    let counts = log.counts();
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    #[allow(clippy::cast_precision_loss, reason = "a rate for the eye")]
    let rate = (counts.acknowledged as f64 / duration.as_secs_f64()).round();
    Summary {
        attempted: tally.attempted,
        acknowledged: counts.acknowledged,
        maybe: counts.maybe,
        declined: tally.declined,
        unreachable: tally.unreachable,
        longest_gap_ms: millis(counts.longest_gap),
        duration_ms: millis(duration),
        rate,
    }
}

/// A worker's panic is the load's.
fn again(panic: Box<dyn std::any::Any + Send>) -> std::io::Result<Tally> {
    std::panic::resume_unwind(panic)
}
