#!/bin/sh
# Measures the installer with the release profile, on this machine: how fast it starts, how long a service is down for
# an upgrade (`downtime.sh`), and how much memory that takes.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

starts=30
# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"
# shellcheck source=benches/world.sh
. "$(dirname -- "$0")/world.sh"

usage() {
    cat <<'END'
usage: benches/run.sh [full] [--keep]

Prints a table; about five minutes. `full` adds databases of 1 and 4 GiB and an archive of 200 MB: about an hour, and 30 GB in
$TMPDIR. `--keep` leaves the directory where it measured.
END
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    full='' keep='' load_pid=''
    for argument; do
        case $argument in
        full) full=yes ;;
        --keep) keep=yes ;;
        -h | --help) usage && return ;;
        *) usage >&2 && exit 2 ;;
        esac
    done
    require cargo "Rust, from https://rustup.rs"
    require cc "a C compiler, such as the package gcc"
    require setsid "the package util-linux"
    require sqlite3 "the package sqlite3"
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench.XXXXXX")
    trap end EXIT
    trap 'exit 130' INT TERM
    build
    machine
    start_up
    "$project/benches/migrations.sh" "$installer"
    if [ -n "$full" ]; then
        "$project/benches/downtime.sh"
        large_archive
    else
        "$project/benches/downtime.sh" 10 100
        say "not measured: larger databases and the archive of 200 MB, which are in \`benches/run.sh full\`"
    fi
}

machine() {
    describe_machine
    echo
    heading measured
    row "size of the program" "$(mebibytes "$(stat -c %s "$installer")")" ""
}

start_up() {
    world "$work/start-up" "$work/node"
    row "start: --help" "$(milliseconds "$(ours --help)")" "5 ms"
    row "start: gate, nothing to recover" "$(milliseconds "$(ours gate)")" "3 ms"
    row "start: status" "$(milliseconds "$(ours status)")" ""
    stop_service
    rm -rf -- "$world"
}

ours() { # ARGUMENT…
    stopwatch "$starts" "$installer" --config "$world/installer.toml" "$@"
}

large_archive() {
    say "1 GiB and an archive of 200 MB"
    cp -- "$work/node" "$work/large-node"
    # Noise does not get smaller in an archive.
    head -c 200000000 /dev/urandom >>"$work/large-node"
    world "$work/large" "$work/large-node"
    seed 1024
    "$service" start
    begun=$(date +%s%N)
    memory=$(peak "$installer" --config "$world/installer.toml" upgrade --to 1.5.0 --yes --quiet)
    [ "$memory" = '?' ] || row "memory of that upgrade, at its peak" "$(mebibytes "$memory")" "64 MiB"
    "$service" status
    row "whole upgrade, 1 GiB, archive of 200 MB" "$((($(date +%s%N) - begun) / 1000000000)) s" ""
    stop_service
    rm -rf -- "$world"
}

end() {
    stop_load
    stop_service
    if [ -n "$keep" ]; then say "kept: $work"; else rm -rf -- "$work"; fi
}

main "$@"
