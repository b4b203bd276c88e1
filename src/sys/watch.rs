//! Whoever waits for something long hears how far it is, and may call it off.

/// Watches something long. It is asked a few times a second at least, and may be asked very often.
pub trait Watch {
    /// `done` of `total` bytes are done; `done` goes back when something has to begin again.
    fn progress(&self, done: u64, total: u64);

    /// The same of what is counted in rows.
    fn rows(&self, done: u64, total: u64) {
        self.progress(done, total);
    }

    /// Whether it is to stop as soon as it can.
    fn cancelled(&self) -> bool;
}

/// Nobody watches, and nobody calls it off.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: u64, _: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}

/// Somebody watches what must come to its end all the same, such as an undo.
#[derive(Clone, Copy)]
pub struct Uncancelled<'a>(pub &'a dyn Watch);

impl Watch for Uncancelled<'_> {
    fn progress(&self, done: u64, total: u64) {
        self.0.progress(done, total);
    }

    fn rows(&self, done: u64, total: u64) {
        self.0.rows(done, total);
    }

    fn cancelled(&self) -> bool {
        false
    }
}
