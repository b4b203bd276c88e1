//! Migrations as a tool: what differs, what would run, what was tested, and what a new file is called.

pub mod command;
mod drift;
mod embedded;
mod force;
mod published;
mod words;
