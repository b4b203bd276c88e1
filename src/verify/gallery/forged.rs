//! Headers and files that no program writes.

use tar::Header;

use crate::verify::samples::{Tar, gz, header};

/// A name in the two parts of a `ustar` header.
pub(super) fn in_two_parts(prefix: &str, name: &str) -> Header {
    let mut made = Header::new_ustar();
    made.set_size(0);
    made.set_mode(0o644);
    let ustar = made.as_ustar_mut().unwrap();
    ustar.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
    ustar.name[..name.len()].copy_from_slice(name.as_bytes());
    made
}

/// A file whose size field holds these bytes.
pub(super) fn with_size(field: [u8; 12]) -> Header {
    let mut made = header(b'0', b"g-1/x", 0o644, 0);
    made.as_old_mut().size = field;
    made
}

/// A file whose mode field holds these bytes.
pub(super) fn with_mode(field: [u8; 8]) -> Header {
    let mut made = header(b'0', b"g-1/x", 0o644, 0);
    made.as_old_mut().mode = field;
    made
}

/// The same archive with its first header's checksum field replaced, which `raw` would set right.
pub(super) fn with_checksum(field: [u8; 8]) -> Vec<u8> {
    let mut tar = Tar::release().0;
    tar[148..156].copy_from_slice(&field);
    whole(tar)
}

/// The archive with its end, compressed.
pub(super) fn whole(mut tar: Vec<u8>) -> Vec<u8> {
    tar.extend([0; 1024]);
    gz(&tar)
}

/// The members of a gzip file with other flags and fields in its header (RFC 1952, section 2.3).
pub(super) fn with_gzip_header(flags: u8, fields: &[u8]) -> Vec<u8> {
    let plain = Tar::release().gz();
    let mut made = plain[..10].to_vec();
    made[3] = flags;
    made.extend(fields);
    made.extend(&plain[10..]);
    made
}

/// So many directories with nothing in them.
pub(super) fn many(count: usize) -> Vec<u8> {
    (0..count).fold(Tar::default(), |tar, number| tar.directory(&format!("g-1/{number}"))).gz()
}
