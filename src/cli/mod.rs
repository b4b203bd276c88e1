//! The commands, as the operator types them.

pub mod arguments;
pub mod exit;
pub mod migrate;
pub mod reply;
