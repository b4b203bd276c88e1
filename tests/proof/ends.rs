//! Ends that are known: what stands there to the byte as another end did, but for times, is judged with that one.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fingerprint::fingerprint;
use crate::frozen::services;
use crate::picture::Picture;
use crate::stage::Stage;
use crate::verdict::Verdict;

/// A state, and what else the judgement hangs on.
pub type End = (u64, String);

/// Shared by all who try one operation.
#[derive(Default)]
pub struct Ends {
    known: Mutex<HashMap<End, Verdict>>,
    alike: AtomicU64,
}

impl Ends {
    /// The judgement of this end, made once. One that is bad is told each time.
    pub fn judge(&self, end: End, judge: impl FnOnce() -> Verdict) -> Verdict {
        let known = self.known.lock().unwrap().get(&end).cloned();
        if let Some(verdict) = known {
            self.alike.fetch_add(1, Ordering::Relaxed);
            return verdict;
        }
        let verdict = judge();
        if !matches!(verdict, Verdict::Bad(_)) {
            self.known.lock().unwrap().insert(end, verdict.clone());
        }
        verdict
    }

    /// How many were judged with another one.
    pub fn alike(&self) -> u64 {
        self.alike.load(Ordering::Relaxed)
    }
}

/// What stands there after a recovery, with what answers, all rows, and how many services run.
pub fn settled(stage: &Stage) -> End {
    (fingerprint(stage), format!("{:?}, {} services", Picture::of(&stage.world), services(&stage.world)))
}
