#!/bin/sh
# Measures the installer with the release profile, on this machine: how fast it starts, how long a service is down for
# an upgrade, and how much memory that takes. A careful shell script does the same upgrade in the same run: what a
# person would write by hand who wants no row lost.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

repeats=3
starts=30

usage() {
    cat <<'END'
usage: benches/run.sh [full] [--keep]

Prints a table; about three minutes. `full` adds a database of 1 GiB and an archive of 200 MB: about ten minutes, and 6 GB
in $TMPDIR. `--keep` leaves the directory where it measured.
END
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    sizes='10 100' full='' keep='' load_pid=''
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
    for size in $sizes; do downtimes "$size" "$size MiB"; done
    if [ -n "$full" ]; then
        downtimes 1024 "1 GiB"
        large_archive
    else
        say "not measured: 1 GiB and the archive of 200 MB, which are in \`benches/run.sh full\`"
    fi
}

build() {
    say "building"
    (cd -- "$project" && cargo build --locked --release --bin gantry-installer &&
        cargo build --locked --example gantry-node --example gantry-load) >&2
    built=$(cd -- "$project" && cargo metadata --locked --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    installer=$built/release/gantry-installer
    load=$built/debug/examples/gantry-load
    rustc --edition 2024 -O -o "$work/stopwatch" "$project/benches/stopwatch/stopwatch.rs"
    triple=$(cargo -vV | sed -n 's/^host: //p')
    cp -- "$built/debug/examples/gantry-node" "$work/node"
    strip -- "$work/node" 2>/dev/null || true
}

machine() {
    echo "date      $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "installer $("$installer" --version), $(git -C "$project" rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
    echo "kernel    $(uname -srm)"
    echo "CPU       $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    echo "disk      $(df -T -- "$work" | awk 'NR == 2 { print $2 " on " $1 }')"
    echo "load      $(cut -d ' ' -f 1 /proc/loadavg) before it began"
    echo "sqlite3   $(sqlite3 --version | cut -d ' ' -f 1) (the shell script's)"
    echo
    printf '%-44s %12s  %s\n' measured here goal
    row "size of the program" "$(mebibytes "$(stat -c %s "$installer")")" ""
}

start_up() {
    world "$work/start-up" "$work/node"
    row "start: --help" "$(milliseconds "$(stopwatch --help)")" "5 ms"
    row "start: gate, nothing to recover" "$(milliseconds "$(stopwatch gate)")" "3 ms"
    row "start: status" "$(milliseconds "$(stopwatch status)")" ""
    stop_service
    rm -rf -- "$world"
}

stopwatch() { # ARGUMENT…
    "$work/stopwatch" "$starts" "$installer" --config "$world/installer.toml" "$@"
}

# ---- An upgrade from 1.4 to 1.5, and the same by hand

downtimes() { # MEBIBYTES NAME
    world "$work/size-$1" "$work/node"
    seed "$1"
    "$service" start
    for writes in idle busy; do
        say "$2, $writes"
        ours='' theirs=''
        turn=0
        if [ "$writes" = busy ]; then begin_load; fi
        while [ "$turn" -lt "$repeats" ]; do
            turn=$((turn + 1))
            upgrade
            ours="$ours $downtime"
            run rollback --strategy down --yes
        done
        upgrade
        while [ "$turn" -gt 0 ]; do
            turn=$((turn - 1))
            go_back_by_hand
            upgrade_by_hand
            theirs="$theirs $downtime"
        done
        stop_load
        ours=$(median "$ours") theirs=$(median "$theirs")
        row "downtime of an upgrade, $2, $writes" "$ours ms" ""
        row "    the shell script" "$theirs ms" ""
        row "    the script takes, times" "$(awk "BEGIN { printf \"%.1f\", $theirs / $ours }")" ""
        if [ "$writes" = idle ]; then
            # The database is at 1.5 by hand, just as the installer left it: to go back is to migrate down.
            run rollback --strategy down --yes
        fi
    done
    stop_service
    rm -rf -- "$world"
}

upgrade() {
    run upgrade --to 1.5.0 --yes
    downtime=$(grep -o '"downtime_ms":[0-9]*' "$world/answer" | head -n 1 | cut -d : -f 2)
}

# Release 1.5 runs on the schema of 1.4 as well, so it is what is stopped, and started again, in its older copy.
go_back_by_hand() {
    "$service" stop
    migrate_by_hand down 6 5 4
    if [ ! -d "$world/root/versions/by-hand" ]; then
        cp -R -- "$world/root/versions/1.5.0" "$world/root/versions/by-hand"
    fi
    point_to versions/1.5.0
    "$service" start
    if [ -n "$load_pid" ]; then sleep 1; fi
}

upgrade_by_hand() {
    begun=$(date +%s%N)
    "$service" stop
    cp -- "$world/data/gantry.db" "$world/by-hand.db"
    sync "$world/by-hand.db" "$world"
    migrate_by_hand up 4 5 6
    sync "$world/data/gantry.db" "$world/data"
    point_to versions/by-hand
    "$service" start
    downtime=$((($(date +%s%N) - begun) / 1000000))
    point_to versions/1.5.0
}

migrate_by_hand() { # DIRECTION FROM SCHEMA…
    {
        echo "PRAGMA foreign_keys = ON; BEGIN IMMEDIATE;"
        direction=$1 from=$2
        shift 2
        for schema; do
            if [ "$direction" = up ]; then from=$schema; fi
            cat -- "$project/migrations/v1/$(printf %04d "$from")"_*."$direction.sql"
            from=$schema
        done
        echo "UPDATE schema_migrations SET version = $from; COMMIT;"
    } | sqlite3 -bail "$world/data/gantry.db"
}

point_to() { # VERSION
    ln -s -- "$1" "$world/root/current.new"
    mv -T -- "$world/root/current.new" "$world/root/current"
    sync "$world/root"
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
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f %M -o "$world/memory" "$installer" --config "$world/installer.toml" upgrade --to 1.5.0 --yes \
            --quiet >/dev/null
        row "memory of that upgrade, at its peak" "$(mebibytes "$(($(tail -n 1 "$world/memory") * 1024))")" "64 MiB"
    else
        upgrade
        say "not measured: memory, because there is no /usr/bin/time; it comes with the package time"
    fi
    row "whole upgrade, 1 GiB, archive of 200 MB" "$((($(date +%s%N) - begun) / 1000000000)) s" ""
    stop_service
    rm -rf -- "$world"
}

# ---- A machine of its own, on which Gantry 1.4 is installed

world() { # DIRECTORY NODE
    world=$1 service=$1/service
    mkdir -p -- "$world/data" "$world/backups"
    "$project/packaging/make-repository.sh" --installer "$installer" --program "$2" --target "$triple" \
        --key "$world/release.key" --out "$world/releases" --only 1.4.0 --only 1.5.0 2>/dev/null
    address=127.0.0.1:$("$load" free-port)
    echo "$address" >"$world/address"
    cp -- "$project/packaging/playground/service" "$service"
    configuration >"$world/installer.toml"
    run install --to 1.4.0 --yes
}

configuration() {
    cat <<END
product = "gantry"
[install]
root = "$world/root"
state = "$world/state"
[manifest]
url = "$world/releases/gantry.toml"
keys = ["$(sed -n 2p "$world/release.key.pub")"]
[database]
url = "sqlite:$world/data/gantry.db"
format = "golang-migrate"
foreign_keys = true
[service]
manager = "command"
start = ["$service", "start"]
stop = ["$service", "stop"]
status = ["$service", "status"]
pid_file = "$world/gantry.pid"
[health]
url = "http://$address/healthz"
[backup]
dir = "$world/backups"
keep = 1
END
}

run() { # ARGUMENT…
    "$installer" --config "$world/installer.toml" --json --quiet "$@" >"$world/answer" && return
    cat -- "$world/answer" >&2
    return 1
}

# Objects with keys of 900 bytes, each of them in the table and in two indexes, until the file has that size.
seed() { # MEBIBYTES
    "$service" stop
    sqlite3 -bail "$world/data/gantry.db" >/dev/null <<END
PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;
BEGIN;
INSERT INTO buckets (id, name, created_at) VALUES ('01J00000000000000000000000', 'seeded', 1);
WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < $1 * 1048576 / 3100)
INSERT INTO objects (id, bucket_id, key, state, size, etag, created_at, committed_at)
SELECT '01J' || printf('%023d', n), '01J00000000000000000000000', printf('%0900d', n), 'committed', n, 'etag', n, n
FROM series;
COMMIT;
PRAGMA journal_mode = WAL;
END
    sync "$world/data/gantry.db"
}

begin_load() {
    rm -f -- "$world/acknowledged.log" "$world/acknowledged.log.maybe"
    "$load" --url "http://$address" --log "$world/acknowledged.log" --rate 500 --until-stopped >"$world/load.json" &
    load_pid=$!
    sleep 2
}

stop_load() {
    [ -n "$load_pid" ] || return 0
    kill -TERM "$load_pid" 2>/dev/null || true
    wait "$load_pid" || true
    load_pid=''
}

stop_service() {
    if [ -x "${service-}" ]; then "$service" stop; fi
}

end() {
    stop_load
    stop_service
    if [ -n "$keep" ]; then say "kept: $work"; else rm -rf -- "$work"; fi
}

# ---- Words and numbers

median() { # NUMBERS
    # shellcheck disable=SC2086 # one number a line
    printf '%s\n' $1 | sort -n | awk '{ line[NR] = $0 } END { print line[int((NR + 1) / 2)] }'
}

row() { # WHAT NUMBER GOAL
    printf '%-44s %12s  %s\n' "$1" "$2" "$3"
}

milliseconds() { # MICROSECONDS
    awk "BEGIN { printf \"%.1f ms\", $1 / 1000 }"
}

mebibytes() { # BYTES
    awk "BEGIN { printf \"%.1f MiB\", $1 / 1048576 }"
}

require() { # PROGRAM WHERE-FROM
    command -v "$1" >/dev/null && return
    say "there is no \`$1\`; it comes with $2"
    exit 1
}

say() { # WORDS
    echo "bench: $1" >&2
}

main "$@"
