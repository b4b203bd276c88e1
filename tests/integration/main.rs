//! The installer from outside: against servers, services and databases that behave and misbehave.

#![allow(clippy::disallowed_methods, reason = "the fence is for the program, not for what tests it")]
#![allow(clippy::print_stdout, reason = "what a sweep or a load did is part of what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod authority;
mod bundle;
mod carried;
mod crash;
mod dialogue;
mod disk;
mod documents;
mod download;
mod events;
mod failures;
mod following;
mod format;
mod formats;
mod full_disk;
mod gantry_world;
mod hints;
mod hops;
mod interop;
mod layers;
mod lint;
mod load;
mod major;
mod max_downtime;
mod migrate_run;
mod migrations;
mod network;
mod own_migrator;
mod package;
mod places;
mod power;
mod probation;
mod processes;
mod races;
mod refusals;
mod release;
mod release_server;
mod retention;
mod rollback;
mod security;
mod service;
mod settings;
mod signals;
mod standing;
mod tally;
mod transfer;
mod upgrade;
mod world;
