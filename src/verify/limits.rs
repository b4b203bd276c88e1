//! How much an archive may bring.

/// The most that is taken from an archive. Its digest is right, so these stop a publisher's mistake or a stolen key.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files, directories and symlinks: against millions of empty ones, which use up the inodes and the memory.
    pub entries: u64,
    /// Symlinks: against chains of them, which are costly to follow.
    pub links: usize,
    /// Bytes of one file: against a bomb in a single file.
    pub file_bytes: u64,
    /// Bytes of all files: against a full disk. Give the free space, if that is less.
    pub total_bytes: u64,
    /// Bytes of a path: against names that no program can open.
    pub path_bytes: usize,
    /// Components of a path: against trees that no program can walk or remove.
    pub depth: usize,
    /// Bytes that one byte of the archive may become, beyond `ratio_from`: against a bomb, before it fills the disk.
    pub ratio: u64,
    /// Bytes that may come out before the ratio counts: small files of zeros are no bomb.
    pub ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 100_000,
            links: 1_000,
            file_bytes: 16 << 30,
            total_bytes: 16 << 30,
            path_bytes: 1024,
            depth: 32,
            ratio: 200,
            ratio_from: 64 << 20,
        }
    }
}
