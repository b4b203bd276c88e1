//! Locks that die with their owner.
