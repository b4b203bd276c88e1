//! What an operation did to files, call by call, in the words of the model.

use std::ffi::OsString;

/// A file, directory or symlink, whatever its names are. Numbers are never used twice.
pub type Node = u64;

/// A place for a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub directory: Node,
    pub name: OsString,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// Where it points.
    Symlink(OsString),
}

/// One thing that a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A node came into being, under its first name.
    Make { at: Place, node: Node, kind: Kind, mode: u32 },
    /// A node got a further name.
    Link { at: Place, node: Node },
    /// A name went.
    Unlink { at: Place },
    /// A name moved, over another one if that was there.
    Rename { from: Place, to: Place },
    /// Bytes went into a file.
    Write { node: Node, offset: u64, bytes: Vec<u8> },
    /// A file got this length.
    Resize { node: Node, length: u64 },
    /// Taken as durable at once: no promise hangs on it.
    Mode { node: Node, mode: u32 },
    /// A file or a directory was synced.
    Sync { node: Node },
    /// All was.
    SyncAll,
}
