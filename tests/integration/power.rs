//! The parts of the proof suite's power cuts that could be wrong in silence: the model, and what a disk may keep.

#![allow(dead_code, reason = "the proof suite uses the rest of them")]

#[path = "../proof/power/crashes.rs"]
pub mod crashes;
#[path = "../proof/power/dice.rs"]
pub mod dice;
#[path = "../proof/power/model/mod.rs"]
pub mod model;
