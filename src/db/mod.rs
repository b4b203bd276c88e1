//! SQLite: the only place that opens a database.

// Looking at one.
pub mod exact;
pub mod fault;
pub mod header;
pub mod ledger;
pub mod look;
pub mod open;
pub mod schema;
pub mod side_files;
pub mod standing;

// Building the next one beside it.
pub mod catch_up;
pub mod copy;
pub mod copy_file;
mod execute;
pub mod follow;
pub mod foreign;
pub mod imprint;
pub mod in_place;
pub mod lint;
pub mod migrate;
pub mod orphans;
pub mod receipt;
pub mod rehearse;
pub mod stamp;
pub mod trial;
mod watch;
pub mod witness;

// Proving it.
pub mod check;
pub mod count;
pub mod loss;

// Carrying its content elsewhere.
pub mod build;
pub mod export;
pub mod import;
mod indexes;
mod sorting;
#[cfg(test)]
mod specimens;

// Putting it in place.
pub mod alone;
pub mod exchange;

pub use watch::Stop;
