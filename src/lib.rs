//! Moves a self-hosted program and its database, together, from one release to another, and back.

pub mod version;
pub mod digest;
pub mod layout;
pub(crate) mod causes;
pub(crate) mod nearest;

pub mod config;
pub mod manifest;
pub mod migration;

pub mod plan;

pub mod sys;
pub mod verify;
pub mod db;
pub mod journal;

pub mod steps;
pub mod observe;

pub mod run;
pub mod gate;

pub mod cli;
