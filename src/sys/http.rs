//! HTTP: resumable downloads.
