#!/bin/sh
# The proof: every operation, with every fault at every point of it, and what stands there afterwards. Needs Rust, a C
# compiler and Linux on x86_64. Without arguments it says what it takes.
set -eu

main() {
    cd -- "$(dirname -- "$0")/.."
    if [ "$(uname -sm)" != "Linux x86_64" ]; then
        echo "proof: system calls are only understood on Linux x86_64" >&2
        exit 1
    fi
    cargo build --locked --bins --example fickle
    exec cargo test --locked --test proof -- "$@"
}

main "$@"
