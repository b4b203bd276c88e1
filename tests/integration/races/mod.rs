//! Several at once, and a world that changes in the middle of a run.

mod clock;
mod holder;
mod installers;
