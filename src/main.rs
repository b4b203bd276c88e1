//! The edge: arguments, environment, terminal, exit code.

fn main() {}
