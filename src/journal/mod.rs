//! The journal of a run: appended to, fsynced, never rewritten.
