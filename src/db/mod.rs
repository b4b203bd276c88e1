//! SQLite: the only place that opens a database.
