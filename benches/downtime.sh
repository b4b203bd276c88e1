#!/bin/sh
# Measures for how long a service is down for an upgrade that adds columns and tables, over the size of its database,
# idle and under 500 writes a second: the installer and a careful shell script in turn, five times each, in one run. The
# script is what a person would write by hand who wants no row lost: stop, copy, sync, migrate, link, start.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at, and draws it.
set -eu

# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"
# shellcheck source=benches/world.sh
. "$(dirname -- "$0")/world.sh"

usage() {
    cat <<'HELP'
usage: benches/downtime.sh [--results FILE] [--repeats N] [--writes idle|busy] [--keep] [MEBIBYTES…]
       benches/downtime.sh --table FILE [--svg FILE]

Measures databases of these sizes, or of 10, 100, 1024 and 4096 MiB: that takes more than half an hour, and 24 GB in $TMPDIR. What it
measured goes into the results, a line for each size and load, so that a part can be measured at a time; a later line
replaces an earlier one of the same size and load. `--table` prints the table of them, and `--svg` draws the medians
under load: docs/downtime.svg is made so. `--keep` leaves the directory where it measured. $INSTALLER is the program, where it
is not the release build of this checkout.
HELP
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    sizes='' results='' table='' svg='' keep='' load_pid='' repeats=5 loads='idle busy'
    while [ $# -gt 0 ]; do
        case $1 in
        --results | --table | --svg | --repeats | --writes)
            [ $# -ge 2 ] || { usage >&2 && exit 2; }
            take "$1" "$2"
            shift
            ;;
        --keep) keep=yes ;;
        -h | --help) usage && return ;;
        *[!0-9]* | '') usage >&2 && exit 2 ;;
        *) sizes="$sizes $1" ;;
        esac
        shift
    done
    if [ -z "$table" ]; then
        require cargo "Rust, from https://rustup.rs"
        require setsid "the package util-linux"
        require sqlite3 "the package sqlite3"
        work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench.XXXXXX")
        trap end EXIT
        trap 'exit 130' INT TERM
        build
        table=${results:-$work/results}
        describe_machine | sed 's/^/# /' >>"$table"
        echo "# sqlite3   $(sqlite3 --version | cut -d ' ' -f 1) (the shell script's)" >>"$table"
        for size in ${sizes:-10 100 1024 4096}; do measure "$size"; done
    fi
    print_table "$table"
    if [ -n "$svg" ]; then newest "$table" | draw >"$svg"; fi
}

take() { # OPTION VALUE
    case $1 in
    --results) results=$2 ;;
    --table) table=$2 ;;
    --svg) svg=$2 ;;
    --repeats) repeats=$2 ;;
    --writes) loads=$2 ;;
    esac
}

# ---- Measuring

measure() { # MEBIBYTES
    world "$work/size-$1" "$work/node"
    seed "$1"
    cp -- "$world/data/gantry.db" "$world/seed.db"
    sync "$world/seed.db"
    "$service" start
    # Fetches the release, which is no part of any downtime, and makes the copy that the shell script links to.
    run upgrade --to 1.5.0 --yes
    cp -R -- "$world/root/versions/1.5.0" "$world/root/versions/by-hand"
    for writes in $loads; do
        say "$1 MiB, $writes"
        rm -f -- "$work/times "*
        repeated "$repeats" alternately restart_by_hand copy_by_hand upgrade_by_us upgrade_by_hand
        reset
        count
        stop_load
        date=$(date -u +%Y-%m-%d)
        echo "$1|$writes|$(taken ours)|$(taken theirs)|$(taken restart)|$(taken copy)|$(taken cp)|$fsyncs|$memory|$date|$log" \
            >>"$table"
    done
    stop_service
    rm -rf -- "$world"
}

# Release 1.4 on the database as it was seeded. It runs on the schema of 1.5 as well, so that the installer may go back to
# it without the database, which is then put back by hand.
#
# What is written goes into a bucket that the seed does not have, so that the load begins anew as well.
reset() {
    stop_load
    if [ "$(readlink -- "$world/root/current")" = versions/1.5.0 ]; then run rollback --strategy binary --yes; fi
    "$service" stop
    rm -f -- "$world/data/gantry.db-wal" "$world/data/gantry.db-shm"
    cp -- "$world/seed.db" "$world/data/gantry.db"
    sync "$world/data/gantry.db"
    point_to versions/1.4.0
    "$service" start
    if [ "$writes" = busy ]; then begin_load; fi
}

# What the service's own stop and start take: of no upgrade can the downtime be less.
restart_by_hand() {
    reset
    begun=$(date +%s%N)
    "$service" stop
    "$service" start
    keep_time restart $((($(date +%s%N) - begun) / 1000000))
}

# What the disk gives to whoever only copies the file, while the service runs as it does when we copy: no copy to rely on.
copy_by_hand() {
    if [ "$writes" = busy ]; then sleep 1; fi
    begun=$(date +%s%N)
    cp -- "$world/data/gantry.db" "$world/by-hand.db"
    sync "$world/by-hand.db" "$world"
    keep_time cp $((($(date +%s%N) - begun) / 1000000))
    rm -f -- "$world/by-hand.db"
}

# On what the restart left, as it is after the same stop and start.
upgrade_by_us() {
    before=$(acknowledged)
    run upgrade --to 1.5.0 --yes
    [ "$writes" = idle ] || [ "$(acknowledged)" -gt "$before" ] || {
        say "nothing was written while it was measured"
        exit 1
    }
    keep_time ours "$(grep -o '"downtime_ms":[0-9]*' "$world/answer" | head -n 1 | cut -d : -f 2)"
    keep_time copy "$(step_took copy)"
}

# What a careful person would write.
upgrade_by_hand() {
    reset
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
    keep_time theirs $((($(date +%s%N) - begun) / 1000000))
    rm -f -- "$world/by-hand.db"
}

point_to() { # VERSION
    ln -s -- "$1" "$world/root/current.new"
    mv -T -- "$world/root/current.new" "$world/root/current"
    sync "$world/root"
}

# One more upgrade under strace and time: how often the installer syncs while the service is down, its memory, and how long
# the log is when the service is told to stop.
count() {
    fsyncs='?' memory='?' log='?'
    command -v strace >/dev/null && command -v /usr/bin/time >/dev/null || return 0
    # The frames of the log, and how many of them are in the main file already (the SQLite file format, section 4.3).
    index=$world/data/gantry.db-shm
    measuring="od -An -tu4 -j 16 -N 4 $index >$world/frames; od -An -tu4 -j 96 -N 4 $index >>$world/frames; exec $service stop"
    sed "s|^stop = .*|stop = [\"/bin/sh\", \"-c\", \"$measuring\"]|" "$world/installer.toml" >"$world/counted.toml"
    # The tracer stands aside: it goes on for as long as the service lives.
    /usr/bin/time -f %M -o "$world/memory" \
        strace -D -f -ttt -s 4096 -e trace=execve,fsync,fdatasync -o "$world/calls" \
        "$installer" --config "$world/counted.toml" --json --quiet --events "$world/events" \
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
    log=$(awk 'NR == 1 { frames = $1 } END { printf "%d KiB", (frames - $1) * 4120 / 1024 }' "$world/frames")
}

# ---- Showing

print_table() { # RESULTS
    sed -n 's/^# //p' "$1" | awk '/^date/ { kept = "" } { kept = kept $0 "\n" } END { printf "%s\n", kept }'
    printf '%-14s %22s %24s %6s %20s %8s %7s %8s %9s %10s  %s\n' "size, writes" "installer" "shell script" "ratio" \
        "installer's own" "restart" "fsyncs" "log" "memory" "copy / cp" "date"
    newest "$1" | while IFS='|' read -r size writes ours theirs restarts copies cps fsyncs memory date log; do
        printf '%-14s %22s %24s %6s %20s %8s %7s %8s %9s %10s  %s\n' "$size MiB, $writes" "$(spread "$ours")" \
            "$(spread "$theirs")" "$(median "$(paired "$ours" / "$theirs")")" "$(spread "$(paired "$ours" - "$restarts")")" \
            "$(median "$restarts")" "$fsyncs" "$log" "$memory" "$(median "$(paired "$copies" / "$cps")")" "$date"
    done
    echo
    echo "Milliseconds from the stop to the first healthy answer: median (least to most). \`restart\` is what the service's own"
    echo "stop and start take by hand, \`installer's own\` what is left of its downtime without that, turn by turn: aimed at are"
    echo "less than 30 ms, and within 20 ms at every size; at most 24 fsyncs in the downtime, and at most 1 MiB in the service's log when"
    echo "it is told to stop that is not in the main file; less than 64 MiB at the peak; of"
    echo "the script's downtime at most 0.35 at 1 GiB and 0.12 at 4 GiB. \`copy / cp\` is the whole step of the copy, taken while the"
    echo "service runs, with its line in the journal, the syncs of the file and of its name, and the first round of following;"
    echo "beside it \`cp\` and \`sync\` of the file and of its directory, while the service runs as well: at most 1.15 is aimed at."
}

# The last line of each size and load, by size.
newest() { # RESULTS
    sed '/^#/d' "$1" | awk -F '|' '{ line[$1 "|" $2] = $0 } END { for (each in line) print line[each] }' |
        sort -t '|' -k 1,1n -k 2,2r
}

# Both under load over the size, with both axes by powers of ten.
draw() {
    while IFS='|' read -r size writes ours theirs _; do
        if [ "$writes" = busy ]; then echo "$size $(median "$ours") $(median "$theirs")"; fi
    done |
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
    }'
}

end() {
    stop_load
    stop_service
    if [ -n "$keep" ]; then say "kept: $work"; else rm -rf -- "$work"; fi
}

main "$@"
