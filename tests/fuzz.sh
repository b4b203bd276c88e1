#!/bin/sh
# The fuzzers of `fuzz`. `smoke`: all corpora and two seconds a target. `full`: a minute a target. Both go on from what
# earlier runs found, which is in `fuzz/found`. An input that breaks something is left in `fuzz/artifacts`. As many targets
# run at once as there are processors.
set -eu

# The newest that the toolchain of this project builds.
fuzz_version=0.13.2

main() {
    cd -- "$(dirname -- "$0")/.."
    tools=${XDG_CACHE_HOME:-$HOME/.cache}/gantry-installer/tools
    PATH=$PATH:$tools/bin
    case ${1:-smoke} in
    # Two seconds are not worth minutes of optimizing.
    smoke) seconds=2 profile=--dev ;;
    full) seconds=60 profile=--release ;;
    one)
        run "$4" "$2" "$3"
        return
        ;;
    *) fail "there is no \`$1\`: say smoke or full" ;;
    esac
    offer_fuzz || return 0
    if ! said=$(cargo fetch --quiet --locked --manifest-path fuzz/Cargo.toml 2>&1); then
        case $said in
        *"lock file"*) fail "fuzz/Cargo.lock is behind Cargo.toml: \`cargo update --workspace --manifest-path fuzz/Cargo.toml\`" ;;
        esac
        echo "fuzz: skipped: what cargo-fuzz builds with is out of reach"
        return 0
    fi
    # The code is Rust without `unsafe` but for system calls, so that the address sanitizer would find nothing, slowly;
    # without it the stable toolchain is enough. Assertions and overflow checks are on.
    cargo fuzz build --sanitizer none "$profile"
    basename -a -s .rs -- fuzz/fuzz_targets/*.rs | xargs -n 1 -P "$(nproc)" tests/fuzz.sh one "$profile" "$seconds" ||
        fail "some targets broke something: see fuzz/artifacts"
    echo "fuzz: nothing was found"
}

offer_fuzz() {
    command -v cargo-fuzz >/dev/null && return
    echo "fuzz: installing cargo-fuzz $fuzz_version" >&2
    cargo install --quiet --locked --root "$tools" "cargo-fuzz@$fuzz_version" && return
    echo "fuzz: skipped: cargo-fuzz is not here and could not be installed"
    return 1
}

run() { # TARGET PROFILE SECONDS
    echo "fuzz: $1" >&2
    mkdir -p "fuzz/found/$1"
    output=fuzz/found/$1.log
    # A place in memory for what is unpacked, where there is one.
    temporary=${TMPDIR:-/tmp}
    [ ! -w /dev/shm ] || temporary=/dev/shm
    TMPDIR=$temporary cargo fuzz run --sanitizer none "$2" "$1" "fuzz/found/$1" "fuzz/corpus/$1" -- \
        -max_total_time="$3" -max_len=4096 -timeout=10 -print_final_stats=1 >"$output" 2>&1 && return
    tail -n 40 -- "$output" >&2
    return 1
}

fail() { # WORDS
    echo "fuzz: $1" >&2
    exit 1
}

main "$@"
