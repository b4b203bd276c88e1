//! Which of the points are tried: all of them, but for consecutive writes into one disposable file, which differ in
//! nothing that a recovery looks at.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use crate::fault::Fault;
use crate::tracer::Point;

/// The points to try, and how many others they stand for.
#[derive(Debug, PartialEq, Eq)]
pub struct Chosen {
    pub points: Vec<u64>,
    pub passed_over: u64,
}

/// Of each class the first, the last, and one at random between; then as many of those as wanted, at random.
pub fn choose(points: &[Point], fault: Fault, most: Option<usize>, seed: u64) -> Chosen {
    let fits = |point: &&Point| fault != Fault::Short || point.length.is_some_and(|length| length >= 2);
    let all: Vec<&Point> = points.iter().filter(fits).collect();
    let mut chosen = Vec::new();
    for class in all.chunk_by(|one, next| is_same_class(one, next)) {
        chosen.push(class[0].number);
        if class.len() > 2 {
            let spread = random(seed, class[0].number) % (class.len() as u64 - 2);
            chosen.push(class[1 + usize::try_from(spread).unwrap()].number);
        }
        if class.len() > 1 {
            chosen.push(class[class.len() - 1].number);
        }
    }
    if let Some(most) = most {
        let seed = fault.name().bytes().fold(seed, |seed, byte| random(seed, u64::from(byte)));
        chosen.sort_by_key(|number| random(seed, *number));
        chosen.truncate(most);
        chosen.sort_unstable();
    }
    let passed_over = (all.len() - chosen.len()) as u64;
    Chosen { points: chosen, passed_over }
}

fn is_same_class(one: &Point, next: &Point) -> bool {
    one.call == next.call && one.call.contains("write") && one.path == next.path && is_disposable(&one.path)
}

/// Files that a recovery removes, whatever is in them.
pub fn is_disposable(path: &Path) -> bool {
    let below = |name: &str| path.components().any(|part| part.as_os_str() == name);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    below("downloads")
        || below("private")
        || path.components().any(|part| part.as_os_str().to_string_lossy().ends_with(".staged"))
        || (below(".gantry-installer-notes")
            && (name.starts_with("scratch") || name.ends_with(".new") || name.contains(".new-")))
}

/// The same number for the same seed, on every machine.
pub fn random(seed: u64, number: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, number).hash(&mut hasher);
    hasher.finish()
}
