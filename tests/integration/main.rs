//! The installer from outside: against servers, services and databases that behave and misbehave.

#![allow(clippy::disallowed_methods, reason = "the fence is for the program, not for what tests it")]
#![allow(clippy::print_stdout, reason = "what a sweep or a load did is part of what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod authority;
mod crash;
mod dialogue;
mod download;
mod format;
mod formats;
mod gantry_world;
mod interop;
mod layers;
mod load;
mod migrate_run;
mod refusals;
mod release;
mod release_server;
mod retention;
mod rollback;
mod service;
mod settings;
mod signals;
mod upgrade;
mod world;
