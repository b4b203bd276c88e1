//! Carries out a plan, and finishes or undoes one that was interrupted.

pub mod recover;
