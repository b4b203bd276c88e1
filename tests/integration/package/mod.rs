//! Packages: the calls that dpkg makes, against the real program.

mod dpkg;
mod failures;
mod interrupted;
mod situations;

pub use dpkg::Dpkg;
