//! What this machine can run.

use std::io::Read as _;
use std::path::Path;

use crate::sys::fs::{self, PathError};

/// The processor, as Rust names it.
pub fn arch() -> &'static str {
    std::env::consts::ARCH
}

/// Whether a program is an ELF file for another processor than the one that this process runs on.
pub fn is_foreign(program: &Path) -> Result<bool, PathError> {
    let (Some(found), Some(own)) = (machine(program)?, machine(Path::new("/proc/self/exe"))?) else { return Ok(false) };
    Ok(found != own)
}

/// The width, the byte order and the processor in the header of an ELF file: elf(5).
fn machine(program: &Path) -> Result<Option<[u8; 4]>, PathError> {
    let mut header = [0; 20];
    let read = fs::open_regular(program)?.read_exact(&mut header);
    if read.is_err() || !header.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    let [_, _, _, _, width, order, .., low, high] = header;
    Ok(Some([width, order, low, high]))
}

/// Whether the dynamic loader of glibc is here, without which a program that needs it does not start.
pub fn has_gnu_loader() -> Result<bool, PathError> {
    let named = |directory: &str| -> Result<bool, PathError> {
        let names = fs::names(Path::new(directory))?;
        Ok(names.iter().any(|name| name.to_str().is_some_and(|name| name.starts_with("ld-linux"))))
    };
    Ok(named("/lib64")? || named("/lib")?)
}
