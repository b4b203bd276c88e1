//! The parts of the proof's power cuts that could be wrong in silence: what a disk may keep, and the model of a file
//! system.

#![allow(dead_code, reason = "the proof uses the rest of them")]

#[path = "../proof/power/crashes.rs"]
mod crashes;
#[path = "../proof/power/dice.rs"]
mod dice;
mod disk;
#[path = "../proof/power/model/mod.rs"]
mod model;
mod modelled;
