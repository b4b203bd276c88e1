//! Power cuts.

pub mod blocks;
pub mod crashes;
pub mod dice;
pub mod filesystem;
pub mod godown;
pub mod lies;
pub mod machine;
pub mod model;
pub mod modelled;
pub mod record;
pub mod subject;
pub mod tally;
pub mod trace;
pub mod unplugged;
