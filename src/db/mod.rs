//! SQLite: the only place that opens a database.

pub mod header;
pub mod ledger;
pub mod open;
pub mod alone;
pub mod catch_up;
pub mod copy;
pub mod copy_file;
pub mod exact;
pub mod exchange;
//pub mod loss;
pub mod side_files;
