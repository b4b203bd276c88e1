//! The commands, as the operator types them.
