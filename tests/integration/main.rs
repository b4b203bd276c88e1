//! The installer from outside: against servers, services and databases that behave and misbehave.

#![allow(clippy::disallowed_methods, reason = "the fence is for the program, not for what tests it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod authority;
mod dialogue;
mod download;
mod layers;
mod migrate_run;
mod release_server;
mod retention;
mod rollback;
mod service;
mod settings;
mod upgrade;
mod world;
