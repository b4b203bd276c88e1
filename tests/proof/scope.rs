//! What is asked for on the command line.

use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::classes::random;
use crate::fault::{FAULTS, Fault};
use crate::operation::{Operation, Size};
use crate::operations::OPERATIONS;
use crate::tracer::Point;

/// What is tried on a large database.
const OF_LARGE: [Fault; 2] = [Fault::Kill, Fault::Errno(Errno::EIO)];
/// The one operation of a sample that is tried on one.
pub const LARGE_IN_A_SAMPLE: &str = "upgrade";

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A sample, in minutes.
    Quick,
    /// Everything, in hours.
    Full,
}

/// `quick|full [jobs=N] [seed=N] [shard=I/N] [minutes=N] [FILTER…]`. A filter is a part of `OPERATION FAULT`; of several, one must fit.
pub struct Scope {
    pub depth: Depth,
    pub jobs: usize,
    /// Of the samples; of the installer's digest where none is given, so that other builds try other points.
    pub seed: u64,
    shard: (u64, u64),
    /// When it stops, to go on another time.
    end: Instant,
    filters: Vec<String>,
}

impl Scope {
    pub fn of(words: &[String], subject: &str) -> Result<Self, String> {
        let depth = match words.first().map(String::as_str) {
            Some("quick") | None => Depth::Quick,
            Some("full") => Depth::Full,
            Some(other) => return Err(format!("`{other}` is neither `quick` nor `full`, `one` nor `list`")),
        };
        let seed = u64::from_str_radix(&subject[..8], 16).map_err(|error| error.to_string())?;
        let end = Instant::now() + Duration::from_secs(150 * 60);
        // Some of them wait for a disk or for a service at any time.
        let jobs = std::thread::available_parallelism().map_or(2, NonZero::get) + 1;
        let mut scope = Self { depth, jobs, seed, shard: (1, 1), end, filters: Vec::new() };
        for word in words.iter().skip(1) {
            let number = |text: &str| text.parse::<u64>().map_err(|error| format!("`{word}`: {error}"));
            match word.split_once('=') {
                Some(("jobs", text)) => {
                    scope.jobs = usize::try_from(number(text)?).map_err(|error| error.to_string())?
                }
                Some(("seed", text)) => scope.seed = number(text)?,
                Some(("minutes", text)) => scope.end = Instant::now() + Duration::from_secs(number(text)? * 60),
                Some(("shard", text)) => {
                    let (one, of) = text.split_once('/').ok_or_else(|| format!("`{word}` is not `shard=I/N`"))?;
                    scope.shard = (number(one)?, number(of)?);
                }
                Some(_) => return Err(format!("`{word}` is no setting")),
                None => scope.filters.push(word.clone()),
            }
        }
        if scope.jobs == 0 || scope.shard.0 == 0 || scope.shard.0 > scope.shard.1 {
            return Err("`jobs` counts from 1, and a shard is one of all".to_owned());
        }
        Ok(scope)
    }

    /// The operations, each with the faults that are asked for.
    pub fn operations(&self) -> Vec<(&'static Operation, Size, Vec<Fault>)> {
        let tried = |operation: &Operation, size| {
            size == Size::Small || self.depth == Depth::Full || operation.name == LARGE_IN_A_SAMPLE
        };
        let every = [Size::Small, Size::Large].into_iter();
        let every = every.flat_map(|size| OPERATIONS.iter().map(move |operation| (operation, size)));
        let every = every.filter(|(operation, size)| tried(operation, *size));
        let with_faults = every.map(|(operation, size)| {
            let wanted = |fault: &Fault| self.wants(&size.name(operation), &fault.name());
            let faults = FAULTS.into_iter().filter(|fault| size == Size::Small || OF_LARGE.contains(fault));
            (operation, size, faults.filter(wanted).collect::<Vec<_>>())
        });
        with_faults.filter(|(operation, size, faults)| !faults.is_empty() && size.fits(operation)).collect()
    }

    /// Whether the filters let a line of the table through.
    pub fn wants(&self, operation: &str, fault: &str) -> bool {
        let line = format!("{operation} {fault}");
        self.filters.is_empty() || self.filters.iter().any(|filter| line.contains(filter.as_str()))
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        Instant::now() > self.end
    }

    /// Whether a point is this shard's.
    pub fn is_own(&self, point: u64) -> bool {
        random(0, point) % self.shard.1 + 1 == self.shard.0
    }

    /// How many points of a fault are tried on each operation; all of them without a number.
    pub fn most(&self, fault: Fault, operation: &Operation, size: Size) -> Option<usize> {
        match (self.depth, fault) {
            // A large database makes each of them long, and has the same calls but for more writes into one file.
            (Depth::Full, Fault::Kill) if size == Size::Large => Some(20),
            _ if size == Size::Large => Some(5),
            (Depth::Full, _) => None,
            (Depth::Quick, Fault::Kill) => Some(operation.kills),
            (Depth::Quick, Fault::KillTwice | Fault::KillThenError) => Some(10),
            (Depth::Quick, Fault::Errno(_) | Fault::Short | Fault::Signal(_)) => Some(5),
        }
    }

    /// Those of an operation's points that a fault is tried at. What a large database has and a small one has not is what is
    /// brought to the disk while it is copied: a sample, and an error, are of that alone.
    pub fn candidates(&self, points: &[Point], fault: Fault, size: Size) -> Vec<Point> {
        let all = size == Size::Small || (self.depth == Depth::Full && fault == Fault::Kill);
        points.iter().filter(|point| all || point.call == "sync_file_range").cloned().collect()
    }

    /// How many points of one recovery are tried.
    pub fn most_of_a_recovery(&self, fault: Fault) -> Option<usize> {
        match (self.depth, fault) {
            (Depth::Quick, _) => Some(2),
            (Depth::Full, Fault::KillThenError) => Some(2),
            (Depth::Full, _) => None,
        }
    }
}

impl Size {
    /// An operation's name in the table.
    pub fn name(self, operation: &Operation) -> String {
        match self {
            Self::Small => operation.name.to_owned(),
            Self::Large => format!("{}@64MiB", operation.name),
        }
    }

    /// Before a first installation there is no database to be large.
    pub fn fits(self, operation: &Operation) -> bool {
        self == Self::Small || operation.name != "install"
    }
}

/// Where the worlds are.
pub fn room() -> &'static Path {
    crate::frozen::quick()
}
