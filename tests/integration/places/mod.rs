//! Where things lie: on file systems of their own, behind symlinks, under mounts, and with somebody who is not root.

mod filesystems;
mod mounts;
mod nobody;
mod symlinks;
