//! Migrations: files into an ordered set, ledger shapes as data, and what a schema looks like.
