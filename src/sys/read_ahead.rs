//! What is needed in a moment, brought into memory before that moment.

use std::io::Read as _;
use std::path::Path;

use crate::sys::fs::{PathError, open_regular};

/// So much is read at once.
const PIECE: usize = 1 << 20;

/// Reads a whole file, so that the kernel has it in memory. What it does not keep is read again when it is used.
///
/// # Errors
/// The file cannot be read: whoever needs it could not either.
pub fn bring_in(path: &Path) -> Result<(), PathError> {
    let mut file = open_regular(path)?;
    let mut piece = vec![0; PIECE];
    while file.read(&mut piece).map_err(PathError::on("read", path))? > 0 {}
    Ok(())
}
