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
    offer mkfs.ext4 e2fsprogs
    offer mkfs.xfs xfsprogs
    offer mkfs.btrfs btrfs-progs
    tried "$@"
    # What reads bytes from outside, unless only a part is asked for.
    case "$*" in
    quick) tests/fuzz.sh smoke ;;
    full)
        tests/fuzz.sh full
        tests/miri.sh
        ;;
    esac
}

# What runs tens of thousands of times is worth a longer build, in a place of its own. What was tried already is known by the
# program, which is the same however often it is built.
tried() ( # ARGUMENT…
    if [ "${1:-}" = full ]; then
        export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/proof/build" CARGO_PROFILE_DEV_OPT_LEVEL=1
        if changed=$(git log -1 --format=%ct -- src build.rs Cargo.lock 2>/dev/null) && [ -n "$changed" ]; then
            export SOURCE_DATE_EPOCH="$changed"
        fi
    fi
    cargo build --locked --bins --example fickle
    cargo test --locked --test proof -- "$@"
)

# A program without which some power cuts are skipped, in words.
offer() { # PROGRAM PACKAGE
    if command -v "$1" >/dev/null || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        return
    fi
    echo "proof: installing $2" >&2
    install_package "$2" || { apt-get update >/dev/null 2>&1 && install_package "$2"; } || true
}

install_package() { # NAME
    apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1
}

main "$@"
