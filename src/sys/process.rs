//! Programs that are run, and processes that are looked at.
