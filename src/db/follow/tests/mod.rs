#![allow(clippy::disallowed_methods, reason = "the tests build the files that they look at, and start writers")]

mod again;
mod dice;
mod rounds;
mod waiting;
mod writer;
