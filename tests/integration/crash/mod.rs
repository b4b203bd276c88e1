//! The crash proof: the installer is killed before each operation by which it changes something, and one `recover` later
//! the machine is wholly OLD or wholly NEW.

mod frozen;
mod given_up;
mod interrupted;
mod migrator;
mod operations;
mod proof;
mod recovery;
mod sweep;
