//! Whoever waits for something long hears how far it is, and may call it off.

/// Watches something long. It is asked a few times a second at least, and may be asked very often.
pub trait Watch {
    /// `done` of `total` bytes are done; `done` goes back when something has to begin again.
    fn progress(&self, done: u64, total: u64);

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
