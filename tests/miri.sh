#!/bin/sh
# The pure modules in Miri, which finds what the compiler lets pass in code that is called undefined. Needs a nightly
# toolchain with Miri; without one it is skipped, in words. SQLite and system calls are beyond it, and so is every test
# that comes to them. After ten minutes it stops, and names what it did not reach.
set -eu

seconds=600

main() {
    cd -- "$(dirname -- "$0")/.."
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        echo "miri: skipped: there is no nightly toolchain with Miri: rustup toolchain install nightly --component miri"
        return
    fi
    # A case takes seconds where it takes microseconds elsewhere, and differs from the next one in no way that matters here.
    export PROPTEST_CASES=1 PROPTEST_DISABLE_FAILURE_PERSISTENCE=1
    # The cases are made of the system's own numbers.
    export MIRIFLAGS=-Zmiri-disable-isolation
    # What is long by design would take hours: texts of any length, and nesting that is deeper than any stack.
    set -- "$@" --skip any_text --skip need_no_deep_stack --skip linear \
        version:: digest:: nearest:: causes:: layout:: migration::lexer migration::lines migration::piece \
        migration::naming migration::script migration::golang_migrate migration::goose migration::dbmate \
        migration::sql_migrate migration::atlas
    place=$(mktemp -d)
    trap 'rm -rf -- "$place"' EXIT
    cargo +nightly miri test --locked --lib -- --list "$@" | sed -n 's/: test$//p' | sort >"$place/all"
    code=0
    timeout "$seconds" cargo +nightly miri test --locked --lib -- "$@" >"$place/said" || code=$?
    sed -n 's/^test \(.*\) \.\.\. ok$/\1/p' "$place/said" | sort >"$place/passed"
    case $code in
    0) echo "miri: nothing was found in $(wc -l <"$place/passed") tests" ;;
    124)
        echo "miri: after $seconds s nothing was found in $(wc -l <"$place/passed") tests; not reached:"
        comm -23 "$place/all" "$place/passed"
        ;;
    *)
        cat -- "$place/said"
        exit "$code"
        ;;
    esac
}

main "$@"
