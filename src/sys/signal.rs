//! Signals that ask a run to end.
