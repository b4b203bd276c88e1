//! Moves a self-hosted program and its database, together, from one release to another, and back.
//!
//! The modules stand in the order in which a command flows through them. Imports go down this list only, and a test
//! holds to that:
//!
//! * Words, without imports: [`version`] ([`version::Version`], [`version::SchemaVersion`]), [`digest`]
//!   ([`digest::Sha256`]), [`layout`] ([`layout::Layout`]: where everything lies).
//! * Documents, bytes to typed values: [`config`] ([`config::Config`]), [`manifest`] ([`manifest::Manifest`], its
//!   signature and the way between releases), [`migration`] ([`migration::Set`]).
//! * The decision, without a clock or a disk: [`plan`] ([`plan::Plan`], [`plan::Refusal`], [`plan::loss::Loss`]).
//! * Hands, one outside thing each: [`sys`] (files, processes, services, the network, the clock), [`verify`] (archives and
//!   their digests), [`db`] (SQLite), [`journal`] (what is recorded).
//! * Verbs: [`steps`] (one file a step, each with its undo), [`observe`] (the machine as values).
//! * Where plan, steps and journal meet: [`run`] ([`run::apply`], [`run::recover()`]), and the two that services in Rust
//!   use: [`gate`], which they may ask before they start, and [`embedded`], their migrations compiled in.
//! * The face: [`cli`].
//!
//! `fuzzing`, which is built for the fuzzers and the tests alone, has a door for everything that reads bytes from outside.

pub mod version;
pub mod digest;
pub mod layout;
pub(crate) mod causes;
pub(crate) mod nearest;

pub mod config;
pub mod manifest;
pub mod migration;
pub mod transfer;

pub mod plan;

pub mod sys;
pub mod verify;
pub mod db;
pub mod journal;

pub mod steps;
pub mod observe;

pub mod run;
pub mod gate;
pub mod embedded;

pub mod cli;

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
