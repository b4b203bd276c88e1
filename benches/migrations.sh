#!/bin/sh
# Measures migrations in place: 1,000 up and 1,000 down in every format, beside the stock sqlite3 that does the same SQL
# in one transaction, and beside the real engines where `INTEROP` names the driver of tests/interop. All take turns,
# and what is printed is the median of five.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

repeats=5
count=1000
formats='golang-migrate goose dbmate sql-migrate atlas'
# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    require sqlite3 "the package sqlite3"
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench-migrations.XXXXXX")
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 130' INT TERM
    release_build "${INSTALLER-}"
    for format in $formats; do directory "$format" "$count" "$work/$format"; done
    describe_machine
    echo
    heading "migrations"
    measure up
    measure down
    memory
    large_directory
    echo "(sqlite3 $(sqlite3 --version | cut -d ' ' -f 1))"
}

# ---- Directories: a table and a row each, and back

directory() { # FORMAT COUNT DIRECTORY
    mkdir -p -- "$3"
    awk -v format="$1" -v count="$2" -v directory="$3" '
        function put(name, text) { printf "%s", text >(directory "/" name); close(directory "/" name) }
        BEGIN {
            for (i = 1; i <= count; i++) {
                up = "CREATE TABLE t" i " (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n" \
                     "INSERT INTO t" i " (name) VALUES (\"row\");\n"
                gsub("\"", "\047", up)
                down = "DROP TABLE t" i ";\n"
                name = sprintf("%05d_t%d", i, i)
                if (format == "golang-migrate") { put(name ".up.sql", up); put(name ".down.sql", down) }
                if (format == "goose") put(name ".sql", "-- +goose Up\n" up "-- +goose Down\n" down)
                if (format == "dbmate") put(name ".sql", "-- migrate:up\n" up "-- migrate:down\n" down)
                if (format == "sql-migrate") put(name ".sql", "-- +migrate Up\n" up "-- +migrate Down\n" down)
                if (format == "atlas") put(name ".sql", up)
            }
        }'
    if [ "$1" = atlas ]; then vouch "$3"; fi
}

# The digest of each prefix of all names and contents: openssl would hash a gigabyte, so it is done in one pass.
vouch() { # DIRECTORY
    command -v python3 >/dev/null || { formats=${formats% atlas} && return; }
    python3 - "$1" <<'END'
import base64, hashlib, os, sys
running, total, lines = hashlib.sha256(), hashlib.sha256(), []
for name in sorted(os.listdir(sys.argv[1])):
    running.update(name.encode() + open(os.path.join(sys.argv[1], name), "rb").read())
    entry = base64.b64encode(running.copy().digest()).decode()
    total.update((name + entry).encode())
    lines.append(f"{name} h1:{entry}\n")
with open(os.path.join(sys.argv[1], "atlas.sum"), "w") as sum:
    sum.write(f"h1:{base64.b64encode(total.digest()).decode()}\n" + "".join(lines))
END
}

# ---- Up and down

measure() { # DIRECTION
    one_transaction "$1" >"$work/$1.sql"
    direction=$1
    repeated "$repeats" in_turn
    theirs=$(taken "sqlite3 $1")
    row "$count $1: sqlite3, one transaction" "$(milliseconds "$(median "$theirs")")" ""
    for format in $formats; do
        if [ "$format $1" = "atlas down" ]; then continue; fi
        mine=$(taken "ours-$format $1")
        row "$count $1: $format" "$(milliseconds "$(median "$mine")")" ""
        row "    times sqlite3's" "$(spread "$(paired "$mine" / "$theirs")")" "1.50"
        if [ -n "${INTEROP-}" ]; then
            row "    its engine takes, times" "$(spread "$(paired "$(taken "engine-$format $1")" / "$mine")")" ""
        fi
    done
}

in_turn() {
    before "$direction" sqlite3 golang-migrate
    timed "sqlite3 $direction" sqlite3 -bail "$work/sqlite3.db" ".read $work/$direction.sql"
    for format in $formats; do
        if [ "$format $direction" = "atlas down" ]; then continue; fi
        before "$direction" "ours-$format" "$format"
        timed "ours-$format $direction" ours "$direction" "$work/ours-$format.db" "$format"
        if [ -n "${INTEROP-}" ]; then
            before "$direction" "engine-$format" "$format"
            timed "engine-$format $direction" "$INTEROP" "$format" "$work/engine-$format.db" "$work/$format" "$direction"
        fi
    done
}

one_transaction() { # DIRECTION
    echo "BEGIN;"
    find "$work/golang-migrate" -name "*.$1.sql" | sort | xargs cat
    echo "COMMIT;"
}

# Before going up there is nothing, and before going down everything.
before() { # DIRECTION NAME FORMAT
    if [ "$1" = up ]; then
        rm -f -- "$work/$2.db"
    else
        [ -e "$work/$3-full.db" ] || ours up "$work/$3-full.db" "$3" >/dev/null 2>&1
        cp -- "$work/$3-full.db" "$work/$2.db"
        sync "$work/$2.db"
    fi
}

ours() { # DIRECTION DATABASE FORMAT
    case $1 in
    up) set -- "$2" "$3" up ;;
    down) set -- "$2" "$3" down "$count" ;;
    esac
    database=$1 form=$2
    shift 2
    "$installer" migrate --yes --quiet --database "sqlite:$database" --dir "$work/$form" --format "$form" "$@"
}

# ---- Memory, and the look at a directory

# Twice: tables, with which the schema that SQLite itself keeps in memory grows; and rows alone, in files of 10 KiB.
memory() {
    for kind in tables rows; do
        for number in 100 "$count" 5000; do
            at=$work/memory-$kind-$number
            if [ "$kind" = tables ]; then directory golang-migrate "$number" "$at"; else rows_alone "$number" "$at"; fi
            { echo "BEGIN;" && find "$at" -name "*.up.sql" | sort | xargs cat && echo "COMMIT;"; } >"$at.sql"
            ours=$(peak "$installer" migrate --yes --quiet --database "sqlite:$at.db" --dir "$at" up)
            theirs=$(peak sqlite3 -bail "$at-theirs.db" ".read $at.sql")
            [ "$ours" != '?' ] || return 0
            row "memory at its peak, $number up, $kind" "$(mebibytes "$ours")" ""
            row "    sqlite3's" "$(mebibytes "$theirs")" ""
            if [ "$number" = 100 ]; then least=$ours their_least=$theirs; fi
            rm -rf -- "$at"
        done
        row "    more from 100 to 5,000, a migration" "$(((ours - least) / 4900)) bytes" ""
        row "    sqlite3's" "$(((theirs - their_least) / 4900)) bytes" ""
    done
}

rows_alone() { # COUNT DIRECTORY
    mkdir -p -- "$2"
    awk -v count="$1" -v directory="$2" '
        BEGIN {
            for (i = 0; i < 160; i++) comment = comment "-- What is written about a migration, in sixty-four letters a line.\n"
            for (i = 1; i <= count; i++) {
                name = sprintf("%s/%05d_row.up.sql", directory, i)
                sql = i == 1 ? "CREATE TABLE t (n);\n" : "INSERT INTO t VALUES (" i ");\n"
                printf "%s%s", sql, comment >name
                close(name)
            }
        }'
}

large_directory() {
    for format in $formats; do
        files=5000
        # Two files each.
        if [ "$format" = golang-migrate ]; then files=2500; fi
        directory "$format" "$files" "$work/large-$format"
        set -- "$installer" migrate --yes --quiet --database "sqlite:$work/large-$format.db" --dir "$work/large-$format" \
            --format "$format"
        "$@" up 1 >/dev/null 2>&1
        status=$(stopwatch 9 "$@" status)
        row "status of 5,000 files, $format" "$(milliseconds "$status")" "100 ms"
        plan=$(stopwatch 9 "$@" up --dry-run)
        row "up --dry-run of 5,000 files, $format" "$(milliseconds "$plan")" "100 ms"
    done
}

main "$@"
