//! The decision: a pure function of what was asked, what the releases say and what was seen.

pub mod bridge;
pub mod crossing;
pub mod force;
pub mod gates;
pub mod install;
pub mod leg;
pub mod loss;
pub mod migrate;
pub mod observed;
pub mod package;
pub mod probation;
pub mod refusal;
pub mod retention;
pub mod rollback;
pub mod room;
pub mod step;
pub mod upgrade;
pub mod verdict;
pub mod way;

pub use refusal::Refusal;
pub use step::{Bridge, Comparable, Leg, Means, Operation, Plan, Point, Step, Strategy, Undo};
