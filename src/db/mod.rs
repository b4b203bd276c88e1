//! SQLite: the only place that opens a database.

pub mod header;
pub mod ledger;
pub mod open;
