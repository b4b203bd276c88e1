//! What this machine can run.

use std::path::Path;

use crate::sys::fs::{self, PathError};

/// The processor, as Rust names it.
pub fn arch() -> &'static str {
    std::env::consts::ARCH
}

/// Whether the dynamic loader of glibc is here, without which a program that needs it does not start.
pub fn has_gnu_loader() -> Result<bool, PathError> {
    let named = |directory: &str| -> Result<bool, PathError> {
        let names = fs::names(Path::new(directory))?;
        Ok(names.iter().any(|name| name.to_str().is_some_and(|name| name.starts_with("ld-linux"))))
    };
    Ok(named("/lib64")? || named("/lib")?)
}
