#!/bin/sh
# Measures for how long a service is down for an upgrade that adds columns and tables, over the size of its database,
# idle and under 500 writes a second: the installer and a careful shell script in turn, five times each, in one run. The
# script is what a person would write by hand who wants no row lost: stop, copy, sync, migrate, link, start.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at, and draws it.
set -eu

repeats=5
# shellcheck source=benches/world.sh
. "$(dirname -- "$0")/world.sh"

usage() {
    cat <<'END'
usage: benches/downtime.sh [--svg FILE] [--keep] [MEBIBYTES…]

Measures databases of these sizes, or of 10, 100, 1024 and 4096 MiB: that takes about an hour, and 24 GB in $TMPDIR. `--svg`
draws the medians under load; docs/downtime.svg is made so. `--keep` leaves the directory where it measured.
END
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    sizes='' svg='' keep='' load_pid=''
    while [ $# -gt 0 ]; do
        case $1 in
        --svg)
            [ $# -ge 2 ] || { usage >&2 && exit 2; }
            svg=$2
            shift
            ;;
        --keep) keep=yes ;;
        -h | --help) usage && return ;;
        *[!0-9]* | '') usage >&2 && exit 2 ;;
        *) sizes="$sizes $1" ;;
        esac
        shift
    done
    require cargo "Rust, from https://rustup.rs"
    require setsid "the package util-linux"
    require sqlite3 "the package sqlite3"
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench.XXXXXX")
    trap end EXIT
    trap 'exit 130' INT TERM
    build
    describe_machine
    printf '%-16s %18s %18s %7s %9s %18s %7s %9s\n' "size, writes" "installer" "shell script" \
        "ratio" "restart" "installer's own" "fsyncs" "memory"
    for size in ${sizes:-10 100 1024 4096}; do measure "$size"; done
    echo
    echo "Milliseconds from the stop to the first healthy answer: median (least to most) of $repeats. \`restart\` is what the"
    echo "service's own stop and start take, \`installer's own\` what is left of its downtime without that: aimed at are less"
    echo "than 30 ms, and within 20 ms at every size; at most 24 fsyncs in the downtime; less than 64 MiB at the peak; of the"
    echo "script's downtime at most 0.35 at 1 GiB and 0.12 at 4 GiB."
    if [ -n "$svg" ]; then draw "$work/points" >"$svg"; fi
}

measure() { # MEBIBYTES
    world "$work/size-$1" "$work/node"
    seed "$1"
    cp -- "$world/data/gantry.db" "$world/seed.db"
    sync "$world/seed.db"
    "$service" start
    # Fetches the release, which is no part of any downtime, and makes the copy that the shell script links to.
    run upgrade --to 1.5.0 --yes
    cp -R -- "$world/root/versions/1.5.0" "$world/root/versions/by-hand"
    for writes in idle busy; do
        say "$1 MiB, $writes"
        ours='' theirs='' restarts='' own=''
        if [ "$writes" = busy ]; then begin_load; fi
        turn=0
        while [ "$turn" -lt "$repeats" ]; do
            turn=$((turn + 1))
            reset
            restart_by_hand
            restarts="$restarts $downtime"
            run upgrade --to 1.5.0 --yes
            downtime=$(grep -o '"downtime_ms":[0-9]*' "$world/answer" | head -n 1 | cut -d : -f 2)
            ours="$ours $downtime"
            reset
            upgrade_by_hand
            theirs="$theirs $downtime"
        done
        restart=$(median "$restarts")
        for downtime in $ours; do own="$own $((downtime - restart))"; done
        reset
        count
        stop_load
        ratio=$(awk "BEGIN { printf \"%.2f\", $(median "$ours") / $(median "$theirs") }")
        printf '%-16s %18s %18s %7s %9s %18s %7s %9s\n' "$1 MiB, $writes" "$(spread "$ours")" "$(spread "$theirs")" \
            "$ratio" "$restart" "$(spread "$own")" "$fsyncs" "$memory"
        if [ "$writes" = busy ]; then
            echo "$1 $(median "$ours") $(median "$theirs") $(median "$own")" >>"$work/points"
        fi
    done
    stop_service
    rm -rf -- "$world"
}

# Release 1.4 on the database as it was seeded. It runs on the schema of 1.5 as well, so that the installer may go back to
# it without the database, which is then put back by hand.
reset() {
    if [ "$(readlink -- "$world/root/current")" = versions/1.5.0 ]; then run rollback --strategy binary --yes; fi
    "$service" stop
    rm -f -- "$world/data/gantry.db-wal" "$world/data/gantry.db-shm"
    cp -- "$world/seed.db" "$world/data/gantry.db"
    sync "$world/data/gantry.db"
    point_to versions/1.4.0
    "$service" start
    if [ -n "$load_pid" ]; then sleep 2; fi
}

restart_by_hand() {
    begun=$(date +%s%N)
    "$service" stop
    "$service" start
    downtime=$((($(date +%s%N) - begun) / 1000000))
    if [ -n "$load_pid" ]; then sleep 1; fi
}

upgrade_by_hand() {
    begun=$(date +%s%N)
    "$service" stop
    cp -- "$world/data/gantry.db" "$world/by-hand.db"
    sync "$world/by-hand.db" "$world"
    {
        echo "PRAGMA foreign_keys = ON; BEGIN IMMEDIATE;"
        cat -- "$project"/migrations/v1/0005_*.up.sql "$project"/migrations/v1/0006_*.up.sql
        echo "UPDATE schema_migrations SET version = 6; COMMIT;"
    } | sqlite3 -bail "$world/data/gantry.db"
    sync "$world/data/gantry.db" "$world/data"
    point_to versions/by-hand
    "$service" start
    downtime=$((($(date +%s%N) - begun) / 1000000))
    rm -f -- "$world/by-hand.db"
}

point_to() { # VERSION
    ln -s -- "$1" "$world/root/current.new"
    mv -T -- "$world/root/current.new" "$world/root/current"
    sync "$world/root"
}

# One more upgrade under strace and time: how often the installer syncs while the service is down, and its memory.
count() {
    fsyncs='?' memory='?'
    command -v strace >/dev/null && command -v /usr/bin/time >/dev/null || return 0
    # The tracer stands aside: it goes on for as long as the service lives.
    /usr/bin/time -f %M -o "$world/memory" \
        strace -D -f -ttt -s 4096 -e trace=execve,fsync,fdatasync -o "$world/calls" \
        "$installer" --config "$world/installer.toml" --json --quiet --events "$world/events" \
        upgrade --to 1.5.0 --yes >"$world/answer"
    until=$(date -d "$(sed -n 's/.*"event":"end".*"step":"prove".*/&/p; s/.*"step":"prove".*"event":"end".*/&/p' "$world/events" |
        sed -n 's/.*"at":"\([^"]*\)".*/\1/p' | tail -n 1)" +%s.%N)
    # The threads of the installer run no program but itself; whatever runs another one is the service or its manager.
    fsyncs=$(awk -v service="$service" -v until="$until" '
        { pid = $1; at = $2 }
        /execve\(/ { if (++programs[pid] > 1 || NR > 1) other[pid] = 1 }
        /execve\(/ && index($0, "\"" service "\", \"stop\"") { if (!from) from = at }
        /(fsync|fdatasync)\(/ && from && at <= until && !other[pid] { count++ }
        END { print count + 0 }' "$world/calls")
    memory=$(mebibytes "$(($(tail -n 1 "$world/memory") * 1024))")
}

# ---- Words and numbers

spread() { # NUMBERS
    # shellcheck disable=SC2086 # one number a line
    printf '%s\n' $1 | sort -n | awk '{ line[NR] = $0 }
        END { printf "%s (%s to %s)", line[int((NR + 1) / 2)], line[1], line[NR] }'
}

# Both over the size, with both axes by powers of ten.
draw() { # POINTS
    awk '
    function x(size) { return 70 + 480 * log(size / 10) / log(500) }
    function y(ms) { return 250 - 200 * log((ms < 10 ? 10 : ms) / 10) / log(1000) }
    function line(column, colour, name,   i, points) {
        for (i = 1; i <= n; i++) {
            points = points sprintf("%.1f,%.1f ", x(size[i]), y(value[i, column]))
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x(size[i]), y(value[i, column]), colour
            printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" text-anchor=\"middle\">%d ms</text>\n",
                x(size[i]), y(value[i, column]) - 8, colour, value[i, column]
        }
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", points, colour
        printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n",
            x(size[n]) + 12, y(value[n, column]) + 4, colour, name
    }
    { n++; size[n] = $1; value[n, 1] = $2; value[n, 2] = $3 }
    END {
        print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 680 300\" font-family=\"sans-serif\" font-size=\"12\">"
        print "<rect width=\"680\" height=\"300\" fill=\"white\"/>"
        for (ms = 10; ms <= 10000; ms *= 10) {
            printf "<line x1=\"60\" y1=\"%.1f\" x2=\"570\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", y(ms), y(ms)
            printf "<text x=\"55\" y=\"%.1f\" text-anchor=\"end\" fill=\"#555\">%s</text>\n", y(ms) + 4,
                ms < 1000 ? ms " ms" : ms / 1000 " s"
        }
        for (i = 1; i <= n; i++)
            printf "<text x=\"%.1f\" y=\"272\" text-anchor=\"middle\" fill=\"#555\">%s</text>\n", x(size[i]),
                size[i] < 1024 ? size[i] " MiB" : size[i] / 1024 " GiB"
        print "<text x=\"60\" y=\"24\" font-size=\"14\">Downtime of an upgrade over the size of the database, under 500 writes a second</text>"
        line(2, "#b5522b", "shell script")
        line(1, "#2b6cb5", "installer")
        print "</svg>"
    }' "$1"
}

end() {
    stop_load
    stop_service
    if [ -n "$keep" ]; then say "kept: $work"; else rm -rf -- "$work"; fi
}

main "$@"
