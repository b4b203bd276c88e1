#!/bin/sh
# Gantry's own migrations of both majors, by the installer, and those of the first against the stock sqlite3: every down
# restores the schema before it, token for token, and no row is lost on the way up and down, with foreign keys on and
# off. With sqlite3 each migration runs in one transaction.
set -eu

root=$(cd -- "$(dirname -- "$0")/.." && pwd)
migrations=$root/migrations/v1
installer=${CARGO_TARGET_DIR:-$root/target}/debug/gantry-installer
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

main() {
    judged
    second_major
    tried
    caught
    command -v sqlite3 >/dev/null || { echo "migrations: skipped, there is no sqlite3" >&2; return; }
    for keys in ON OFF; do
        newest=8
        for below in 0 1 2 3 4 5 6 7; do
            round_trip "$keys" "$below"
        done
        rows_survive "$keys" 6 "$newest"
    done
    tried_with_rows
    echo "migrations: 8 ups and downs restore schema and rows, with foreign keys on and off"
}

# Nothing is found in them, and a bad one beside them is found and named, and so is one that was changed.
judged() {
    [ -x "$installer" ] || fail "there is no \`$installer\`: run \`cargo build\` first"
    "$installer" migrate --dir "$migrations" lint --level note >"$work/answer" || fail "$(cat -- "$work/answer")"
    cp -R -- "$migrations" "$work/worse"
    echo "ALTER TABLE buckets DROP COLUMN quota_bytes;" >"$work/worse/0009_drop_quota.up.sql"
    echo "ALTER TABLE buckets ADD COLUMN quota_bytes INTEGER;" >"$work/worse/0009_drop_quota.down.sql"
    echo "-- One more word." >>"$work/worse/0001_create_buckets.up.sql"
    code=0
    "$installer" migrate --dir "$work/worse" lint >"$work/answer" 2>"$work/words" || code=$?
    [ "$code" -eq 3 ] || fail "a bad migration is judged with $code: $(cat -- "$work/answer")"
    # shellcheck disable=SC2016 # the backquotes are those of the answer
    for found in '0009_drop_quota.up.sql:1: error: additive: drops the column `buckets.quota_bytes`' \
        '0001_create_buckets.up.sql: error: immutable: it is locked, and it was changed'; do
        grep -q "^$found" "$work/answer" || fail "\`$found\` is not found: $(cat -- "$work/answer")"
    done
    [ "$(grep -Ec ': (error|warning): ' "$work/answer")" -eq 2 ] || fail "too much is found: $(cat -- "$work/answer")"
}

# The next major's, with what becomes of every table and column of this one.
second_major() {
    second=$root/migrations/v2
    "$installer" migrate --dir "$second" lint --level note --import "$second/import/from-v1" \
        --old-migrations "$migrations" >"$work/answer" 2>&1 || fail "$(cat -- "$work/answer")"
    for keys in "" --foreign-keys; do
        # shellcheck disable=SC2086 # no argument at all in the first round
        "$installer" migrate --dir "$second" test $keys >"$work/answer" || fail "$(cat -- "$work/answer")"
    done
    cp -R -- "$second/import/from-v1" "$work/forgets"
    sed -i '/^without = { seen_at/d' "$work/forgets/import.toml"
    code=0
    "$installer" migrate --dir "$second" lint --import "$work/forgets" --old-migrations "$migrations" \
        >"$work/answer" 2>"$work/words" || code=$?
    [ "$code" -eq 3 ] || fail "a column that is forgotten is answered with $code: $(cat -- "$work/words")"
    grep -q 'the old column .cradles.seen_at. is neither carried nor dropped' "$work/words" ||
        fail "a column that is forgotten is not named: $(cat -- "$work/words")"
}

# By the installer itself, on an empty database.
tried() {
    for keys in "" --foreign-keys; do
        # shellcheck disable=SC2086 # no argument at all in the first round
        "$installer" migrate --dir "$migrations" test $keys >"$work/answer" || fail "$(cat -- "$work/answer")"
    done
}

# A bad migration beside them is found, and named, and no other one is.
caught() {
    cp -R -- "$migrations" "$work/bad"
    "$installer" -q migrate --dir "$work/bad" new forgets >/dev/null
    echo "CREATE TABLE left_over (a); CREATE INDEX by_a ON left_over (a);" >"$work/bad/0009_forgets.up.sql"
    echo "DROP INDEX by_a;" >"$work/bad/0009_forgets.down.sql"
    code=0
    "$installer" migrate --dir "$work/bad" test >"$work/answer" 2>"$work/words" || code=$?
    [ "$code" -eq 3 ] || fail "a bad migration is answered with $code: $(cat -- "$work/words")"
    grep -q '^refused: .0009_forgets.up.sql. and .0009_forgets.down.sql.*table left_over stays behind' "$work/words" ||
        fail "a bad migration is not named: $(cat -- "$work/words")"
    [ "$(grep -c '^refused: ' "$work/words")" -eq 1 ] || fail "a good migration is named: $(cat -- "$work/words")"
}

# The same on a copy of a database with rows, at a schema in the middle.
tried_with_rows() {
    database=$work/tried.db
    go_to "$database" OFF 0 6
    seed "$database" 6
    sqlite3 "$database" "CREATE TABLE schema_migrations (version uint64,dirty bool);
        CREATE UNIQUE INDEX version_unique ON schema_migrations (version); INSERT INTO schema_migrations VALUES (6, 0)"
    for keys in "" --foreign-keys; do
        # shellcheck disable=SC2086 # no argument at all in the first round
        "$installer" migrate --database "sqlite:$database" --dir "$migrations" test $keys >"$work/answer" ||
            fail "$(cat -- "$work/answer")"
    done
}

# One migration up and down again gives the schema before it.
round_trip() { # KEYS BELOW
    database=$work/round-$1-$2.db
    go_to "$database" "$1" 0 "$2"
    seed "$database" "$2"
    schema "$database" >"$work/before"
    rows "$database" >"$work/rows-before"
    go_to "$database" "$1" "$2" $(($2 + 1))
    consistent "$database"
    go_to "$database" "$1" $(($2 + 1)) "$2"
    consistent "$database"
    schema "$database" >"$work/after"
    rows "$database" >"$work/rows-after"
    same "$work/before" "$work/after" "schema $2, foreign keys $1"
    same "$work/rows-before" "$work/rows-after" "rows of schema $2, foreign keys $1"
}

rows_survive() { # KEYS FROM TO
    database=$work/rows-$1.db
    go_to "$database" "$1" 0 "$2"
    seed "$database" "$2"
    rows "$database" >"$work/rows-before"
    go_to "$database" "$1" "$2" "$3"
    consistent "$database"
    expect "$database" "SELECT count(*) FROM objects" 600
    expect "$database" "SELECT count(*) FROM replicas" 1200
    expect "$database" "SELECT max(generation) FROM objects" 2
    expect "$database" "SELECT sum(committed_objects) || ' ' || sum(replaced_objects) FROM bucket_usage" "400 200"
    go_to "$database" "$1" "$3" "$2"
    consistent "$database"
    rows "$database" >"$work/rows-after"
    same "$work/rows-before" "$work/rows-after" "rows from $2 to $3 and back, foreign keys $1"
}

go_to() { # DATABASE KEYS FROM TO
    sqlite3 "$1" VACUUM
    at=$3
    while [ "$at" -ne "$4" ]; do
        if [ "$at" -lt "$4" ]; then
            at=$((at + 1))
            script=$(printf '%s/%04d_*.up.sql' "$migrations" "$at")
        else
            script=$(printf '%s/%04d_*.down.sql' "$migrations" "$at")
            at=$((at - 1))
        fi
        # shellcheck disable=SC2086 # the name of the migration is a pattern
        { echo "PRAGMA foreign_keys = $2; BEGIN;"; cat -- $script; echo "COMMIT;"; } | sqlite3 -bail "$1"
    done
}

# Two buckets, three cradles, 400 keys of which every other was written twice, two replicas each.
seed() { # DATABASE SCHEMA
    id="substr('01J00000000000000000000000', 1, 18) || printf('%08d', n)"
    series="WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n <"
    [ "$2" -ge 1 ] && sqlite3 -bail "$1" "INSERT INTO buckets (id, name, created_at)
        $series 3) SELECT $id, 'bucket-' || n, n FROM series;"
    [ "$2" -ge 2 ] && sqlite3 -bail "$1" "INSERT INTO cradles (id, name, address, capacity_bytes, state, joined_at)
        $series 3) SELECT $id, 'cradle-' || n, '10.0.0.' || n, 1000, 'active', n FROM series;"
    [ "$2" -ge 3 ] && sqlite3 -bail "$1" "INSERT INTO objects (id, bucket_id, key, state, $(columns "$2") etag, created_at, committed_at)
        $series 400) SELECT $id, (SELECT id FROM buckets WHERE name = 'bucket-' || (1 + n % 2)), 'key-' || n,
                            'committed', $(values "$2" 2) 'etag-' || n, 1000 + n, 2000 + n FROM series;
        INSERT INTO objects (id, bucket_id, key, state, $(columns "$2") etag, created_at, committed_at)
        $series 200) SELECT '02' || substr($id, 3), (SELECT id FROM buckets WHERE name = 'bucket-1'), 'key-' || (2 * n),
                            'replaced', $(values "$2" 1) 'etag-' || n, n, 100 + n FROM series;"
    [ "$2" -ge 4 ] && sqlite3 -bail "$1" "INSERT INTO replicas (object_id, cradle_id, stored_at)
        SELECT objects.id, cradles.id, 5 FROM objects, cradles WHERE cradles.name <> 'cradle-3';"
    [ "$2" -ge 6 ] && sqlite3 -bail "$1" "INSERT INTO uploads (id, bucket_id, key, started_at, expires_at)
        $series 5) SELECT $id, (SELECT id FROM buckets WHERE name = 'bucket-1'), 'key-' || n, n, n + 1 FROM series;
        INSERT INTO upload_parts (upload_id, number, size, etag, stored_at) SELECT id, 1, 2, 'etag', 3 FROM uploads;"
    return 0
}

columns() { # SCHEMA
    if [ "$1" -ge 7 ]; then echo "size_bytes, generation, content_type,"; else echo "size,"; fi
}

values() { # SCHEMA GENERATION
    if [ "$1" -ge 7 ]; then echo "n, $2, 'text/plain',"; else echo "n,"; fi
}

# The schema in tokens: comments, quotes of names, case and white space do not count.
schema() { # DATABASE
    sqlite3 -readonly "$1" "SELECT type || char(9) || name || char(9) || tbl_name || char(9) || sql || char(1)
        FROM sqlite_schema WHERE name NOT LIKE 'sqlite#_%' ESCAPE '#' ORDER BY type, name" >"$work/sql"
    sed -e 's/--.*//' "$work/sql" | tr -d '"`' | tr 'A-Z\n' 'a-z ' | sed -e 's/\([(),]\)/ \1 /g' |
        tr -s ' ' | tr '\001' '\n'
}

rows() { # DATABASE
    sqlite3 -readonly "$1" "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name" >"$work/tables"
    while read -r table; do
        echo "$table"
        sqlite3 -readonly "$1" "SELECT * FROM $table ORDER BY 1, 2" </dev/null
    done <"$work/tables"
}

consistent() { # DATABASE
    expect "$1" "PRAGMA foreign_key_check" ""
    expect "$1" "PRAGMA integrity_check" "ok"
}

expect() { # DATABASE QUERY ANSWER
    answer=$(sqlite3 -readonly "$1" "$2")
    [ "$answer" = "$3" ] || fail "$1: \`$2\` answers \`$answer\` and not \`$3\`"
}

same() { # EXPECTED FOUND WHAT
    diff -u "$1" "$2" >&2 || fail "$3: it is not as before"
}

fail() { # WORDS
    echo "migrations: $1" >&2
    exit 1
}

main "$@"
