//! Who holds a file open.
