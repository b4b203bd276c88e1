//! SQLite: the only place that opens a database.

pub mod check;
pub mod count;
mod execute;
pub mod header;
pub mod ledger;
pub mod migrate;
pub mod open;
pub mod alone;
pub mod catch_up;
pub mod copy;
pub mod copy_file;
pub mod exact;
pub mod exchange;
pub mod loss;
pub mod side_files;
pub mod receipt;
pub mod rehearse;
pub mod schema;
pub mod standing;
mod watch;

pub use watch::Stop;
