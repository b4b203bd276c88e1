//! Asks the service whether it is well.
