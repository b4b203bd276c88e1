//! Owner, mode, ACL and extended attributes of a file.
