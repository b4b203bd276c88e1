//! The tool itself: what a hostile local user can do to it, and what it gives away.

mod modes;
mod planted;
mod secrets;
mod sources;
