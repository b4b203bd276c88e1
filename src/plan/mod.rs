//! The decision: a pure function of what was asked, what the releases say and what was seen.

pub mod loss;
