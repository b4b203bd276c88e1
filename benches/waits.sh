#!/bin/sh
# Measures for how long writes wait while a database is copied and followed, before any stop: a service that empties its
# write-ahead log every second, with all writers locked out meanwhile, under 500 writes a second. Turns without the installer,
# with a copy by `cp`, and with an upgrade that is refused before its stop, for its downtime, follow each other.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

repeats=5 seconds=10
# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"
# shellcheck source=benches/world.sh
. "$(dirname -- "$0")/world.sh"

usage() {
    cat <<'HELP'
usage: benches/waits.sh [MEBIBYTES…]

The sizes are 100 and 1024 MiB where none are given. $INSTALLER is the program, where it is not the release build of this checkout.
HELP
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    load_pid=''
    for argument; do
        case $argument in
        -h | --help) usage && return ;;
        *[!0-9]* | '') usage >&2 && exit 2 ;;
        esac
    done
    require cargo "Rust, from https://rustup.rs"
    require setsid "the package util-linux"
    require sqlite3 "the package sqlite3"
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench-waits.XXXXXX")
    trap end EXIT
    trap 'exit 130' INT TERM
    build
    describe_machine
    echo
    heading "longest time without an answer to any of 500 writes/s"
    [ $# -gt 0 ] || set -- 100 1024
    for size; do measure "$size"; done
}

measure() { # MEBIBYTES
    world "$work/size-$1" "$work/node"
    "$service" stop
    sed -i 's/--pid-file/--empty-log-every 1 --pid-file/' "$service"
    seed "$1"
    "$service" start
    # Fetches the release, which is no part of it.
    refused_upgrade
    rm -f -- "$work/times "*
    repeated "$repeats" alternately undisturbed by_hand copied
    row "$1 MiB, without us" "$(spread "$(taken undisturbed)") ms" ""
    row "$1 MiB, while \`cp\` and \`sync\` copy it" "$(spread "$(taken by-hand)") ms" ""
    row "$1 MiB, copied and followed" "$(spread "$(taken copied)") ms" ""
    row "    longer by" "$(spread "$(paired "$(taken copied)" - "$(taken undisturbed)")") ms" "50 ms"
    stop_service
    rm -rf -- "$world"
}

undisturbed() {
    write undisturbed sleep "$((seconds / 2))"
}

# What the disk alone makes of it: no database can be copied so.
by_hand() {
    write by-hand copy_by_hand
}

copy_by_hand() {
    cp -- "$world/data/gantry.db" "$world/by-hand.db"
    sync "$world/by-hand.db" "$world"
    rm -f -- "$world/by-hand.db"
}

copied() {
    write copied refused_upgrade
}

# Runs a command in the middle of writing.
write() { # NAME COMMAND…
    name=$1
    shift
    "$load" --url "http://$address" --log "$world/acknowledged.log" --resume --rate 500 --duration "$seconds" \
        >"$world/load.json" &
    load_pid=$!
    sleep 1
    "$@"
    wait "$load_pid"
    load_pid=''
    keep_time "$name" "$(sed -n 's/.*"longest_gap_ms": *\([0-9]*\).*/\1/p' "$world/load.json")"
}

# All of an upgrade but its downtime.
refused_upgrade() {
    "$installer" --config "$world/installer.toml" --json --quiet upgrade --to 1.5.0 --yes --max-downtime 1ms \
        >"$world/answer" && { say "an upgrade that should have been refused was not" && exit 1; }
    grep -q '"max-downtime"' "$world/answer" || { cat -- "$world/answer" >&2 && exit 1; }
}

end() {
    stop_load
    stop_service
    rm -rf -- "$work"
}

main "$@"
