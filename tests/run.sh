#!/bin/sh
# All tests. Needs Rust and a C compiler; what else would be of use is installed where that is allowed, or named as
# missing. Arguments go to `cargo test`.
set -eu

main() {
    cd -- "$(dirname -- "$0")/.."
    require cargo "Rust, from https://rustup.rs"
    require cc "a C compiler, such as the package gcc"
    skipped='' skips=0
    offer minisign "signatures are not compared with minisign's own"
    offer sqlite3 "migrations and databases are not compared with the stock sqlite3's"
    engines
    output=$(mktemp)
    trap 'rm -f -- "$output" "$output.code"' EXIT
    code=0
    cargo build --locked --examples
    tested "$@" || code=1
    tests/migrations.sh || code=1
    summary
    return "$code"
}

require() { # PROGRAM WHERE-FROM
    command -v "$1" >/dev/null && return
    echo "tests: there is no \`$1\`; it comes with $2" >&2
    exit 1
}

# A program that some tests compare with; the package has its name.
offer() { # PROGRAM CONSEQUENCE
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" -ne 0 ]; then
        skip "there is no \`$1\`, and only root may install it: $2"
    elif ! command -v apt-get >/dev/null; then
        skip "there is no \`$1\`, and no apt-get to install it: $2"
    elif ! install_package "$1"; then
        skip "there is no \`$1\`, and apt-get could not install it: $2"
    fi
}

# The real migration engines, in one program of tests/interop, which names the releases.
engines() {
    [ -z "${INTEROP-}" ] || return 0
    without="the real migration engines do not run beside ours; the databases that they left in tests/formats stand in"
    if ! command -v go >/dev/null && { [ "$(id -u)" -ne 0 ] || ! install_package golang-go; }; then
        skip "there is no \`go\` (https://go.dev/dl), and it could not be installed: $without"
        return
    fi
    # In the directory of the builds, where cargo and `cargo clean` look as well.
    driver=${CARGO_TARGET_DIR:-$PWD/target}/interop
    mkdir -p -- "${driver%/*}"
    echo "tests: building the driver of the real migration engines, with $(go env GOVERSION)" >&2
    if CGO_ENABLED=1 go build -C tests/interop -tags sqlite_fts5 -o "$driver" . >"$driver.log" 2>&1; then
        INTEROP=$driver
        export INTEROP
        # What runs, for whoever reads the log.
        (cd tests/interop && go list -m github.com/golang-migrate/migrate/v4 github.com/pressly/goose/v3 \
            github.com/amacneil/dbmate/v2 github.com/rubenv/sql-migrate ariga.io/atlas) | sed 's/^/tests: beside /'
    else
        skip "$(go env GOVERSION) does not build their driver (it needs $(grep '^go ' tests/interop/go.mod), which may be \
newer than a distribution's package; $driver.log ends in: $(tail -n 1 -- "$driver.log")): $without"
    fi
}

install_package() { # NAME
    echo "tests: installing $1" >&2
    apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1 && return
    apt-get update >/dev/null 2>&1 && apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1
}

skip() { # WORDS
    skips=$((skips + 1))
    skipped="$skipped
  $1"
}

# Examples have tests as well, which `cargo test` by itself only builds. Who runs this in the background or with nohup(1) has
# signals ignored that tests send.
tested() { # ARGUMENT…
    heard=''
    ! env --default-signal true 2>/dev/null || heard='env --default-signal'
    for kind in "" --examples; do
        # shellcheck disable=SC2086 # no argument at all in the first round, and several words
        { $heard cargo test --locked --no-fail-fast $kind "$@" && echo 0 >"$output.code" || echo 1 >"$output.code"; } 2>&1 |
            tee -a "$output"
        [ "$(cat -- "$output.code")" -eq 0 ] || return 1
    done
}

# The closing line counts what was skipped as well.
summary() {
    sed -n 's/^test .* \.\.\. ignored, */tests: ignored: /p' "$output"
    if [ -n "$skipped" ]; then
        echo "tests: skipped, because:$skipped"
    fi
    sed -n 's/.*\(skipped: .*\)/\1/p' "$output"
    awk -v skipped="$skips" '/skipped: / { skipped += 1; passed -= 1 }
        /^test result:/ { passed += $4; failed += $6; skipped += $8 }
        END { printf "\ntests: %d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$output"
}

main "$@"
