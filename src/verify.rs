//! A file and the digest that it must have.
