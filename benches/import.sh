#!/bin/sh
# Measures the import of one major into the next: 5.86 million rows, buckets and objects with an index, beside the stock
# sqlite3 that does the same on the same machine, by ATTACH and INSERT … SELECT and by `.dump | sqlite3`. All take turns, and
# what is printed is the median of three, as a ratio.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
#
# With `--in DIR` it works in that directory, which it makes, and leaves the old database and all times there: called again, it
# goes on with them, and what it prints is of all turns so far. REPEATS=0 makes the old database and measures nothing.
# CARRY=PROGRAM measures a build of examples/carry.rs that is there.
set -eu

repeats=${REPEATS:-3}
rows=${ROWS:-5860000}
# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    require sqlite3 "the package sqlite3"
    case ${1-} in
    --in)
        work=${2:?a directory}
        mkdir -p -- "$work"
        ;;
    '')
        work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench-import.XXXXXX")
        trap 'rm -rf -- "$work"' EXIT
        ;;
    *)
        echo "usage: benches/import.sh [--in DIR]" >&2
        exit 2
        ;;
    esac
    trap 'exit 130' INT TERM
    export SQLITE_TMPDIR="$work"
    build
    load=$(cut -d' ' -f1 /proc/loadavg)
    [ -e "$work/made of $rows" ] || make
    [ "$repeats" -gt 0 ] || return 0
    heading "import of $rows rows, $(($(wc -c <"$work/old.db") / 1000000)) MB"
    repeated "$repeats" alternately plain carried
    row "rows, constraints and references, by ATTACH and INSERT" "$(compared constraints plain)" "1.2"
    row "all of it: digests of both sides, every page, by the same" "$(compared whole plain)" "2"
    repeated "$repeats" alternately dumped transferred
    row "export and import through the file, by .dump | sqlite3" "$(compared transfer dump)" "1"
    row "peak memory of all of these, MiB" "$(sort -n "$work/memory" | tail -n 1)" "128"
    printf '(%s: ATTACH and INSERT %s s, .dump | sqlite3 %s s; load %s before it began)\n' \
        "sqlite3 $(sqlite3 --version | cut -d' ' -f1)" "$(seconds plain)" "$(seconds dump)" "$load"
}

build() {
    carry=${CARRY-}
    [ -z "$carry" ] || return 0
    (cd -- "$project" && cargo build --locked --release --example carry) >&2
    carry=$(built)/release/examples/carry
}

make() {
    rm -f -- "$work"/made* "$work"/times* "$work/memory" "$work"/*.db
    releases
    old
    : >"$work/made of $rows"
}

# ---- Two releases whose schemas differ in names, strictness and references

releases() {
    mkdir -p "$work/v1" "$work/v2" "$work/mapping"
    cat >"$work/v1/1_first.up.sql" <<'END'
CREATE TABLE buckets (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER);
CREATE TABLE objects (id INTEGER PRIMARY KEY, bucket_id INTEGER NOT NULL, key TEXT NOT NULL, size INTEGER, etag TEXT,
                      created_at INTEGER);
CREATE INDEX objects_by_key ON objects (bucket_id, key);
END
    cat >"$work/v2/101_second.up.sql" <<'END'
CREATE TABLE buckets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, made_at INTEGER NOT NULL) STRICT;
CREATE TABLE objects (id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL REFERENCES buckets (id), key TEXT NOT NULL,
                      bytes INTEGER NOT NULL CHECK (bytes >= 0), etag TEXT NOT NULL, made_at INTEGER NOT NULL) STRICT;
CREATE INDEX objects_by_key ON objects (bucket, key);
END
    cat >"$work/mapping/rows.sql" <<'END'
INSERT INTO main.buckets (id, name, made_at) SELECT id, name, created_at FROM old.buckets;
INSERT INTO main.objects (id, bucket, key, bytes, etag, made_at)
SELECT id, bucket_id, key, size, etag, created_at FROM old.objects;
END
}

mapping() { # FINGERPRINT
    cat >"$work/mapping/import.toml" <<END
format = 1
sql = ["rows.sql"]
[[from]]
schema = 1
fingerprint = "$1"
[[table]]
name = "buckets"
[[table.into]]
table = "buckets"
same = { id = "id", name = "name", created_at = "made_at" }
[[table]]
name = "objects"
[[table.into]]
table = "objects"
same = { id = "id", bucket_id = "bucket", key = "key", size = "bytes", etag = "etag", created_at = "made_at" }
END
}

old() {
    sqlite3 "$work/old.db" <"$work/v1/1_first.up.sql"
    sqlite3 "$work/old.db" "PRAGMA synchronous = OFF; BEGIN;
        CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (1, 0);
        WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)
        INSERT INTO buckets SELECT i, 'bucket-' || i, 1700000000000000 + i FROM n;
        WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT $((rows - 1000)))
        INSERT INTO objects SELECT i, 1 + i % 1000, 'photos/2026/' || (i * 7919 % 1000003) || '/image-' || i || '.jpeg',
            i % 1000000, printf('%032x', i * 2654435761), 1700000000000000 + i FROM n;
        COMMIT;" >/dev/null
    mapping "sha256:$(printf '%064d' 0)"
    # Which schema it is, the refusal of another one says.
    found=$("$carry" "$work/old.db" "$work/new.db" "$work/v2" "$work/mapping" 2>&1 |
        sed -n 's/.*found: Fingerprint(\([0-9a-f]*\)).*/\1/p')
    mapping "sha256:$found"
}

# ---- What takes turns

# As careful as it must be to be used: the schema, the rows, the index after them, and a flush at the end.
plain() {
    rm -f -- "$work/new.db"
    { sed '/^CREATE INDEX/d' "$work/v2/101_second.up.sql"
        echo "ATTACH 'file:$work/old.db?immutable=1' AS old; BEGIN;"
        cat "$work/mapping/rows.sql"
        sed -n '/^CREATE INDEX/p' "$work/v2/101_second.up.sql"
        echo "COMMIT;"
    } >"$work/plain.sql"
    timed plain attached
}

attached() {
    sqlite3 -bail -cmd "PRAGMA synchronous = OFF" "$work/new.db" <"$work/plain.sql"
    sync -d "$work/new.db"
}

carried() {
    rm -f -- "$work/new.db"
    "$carry" "$work/old.db" "$work/new.db" "$work/v2" "$work/mapping" >"$work/account"
    sed -n 's/^fill_ms=\([0-9]*\) constraints_ms=\([0-9]*\) ms=\([0-9]*\) peak_kib=\([0-9]*\)$/\1 \2 \3 \4/p' "$work/account" |
        while read -r fill constraints whole peak; do
            keep_time filled $((fill * 1000))
            keep_time constraints $((constraints * 1000))
            keep_time whole $((whole * 1000))
            echo $((peak / 1024)) >>"$work/memory"
        done
}

dumped() {
    rm -f -- "$work/new.db"
    timed dump piped
}

piped() {
    sqlite3 "$work/old.db" .dump | sqlite3 "$work/new.db"
    sync -d "$work/new.db"
}

transferred() {
    rm -f -- "$work/new.db" "$work/export"
    timed transfer "$carry" --through "$work/export" "$work/old.db" "$work/new.db" "$work/v2" "$work/mapping"
    echo $(($(sed -n 's/^.*peak_kib=\([0-9]*\)$/\1/p' "$work/output") / 1024)) >>"$work/memory"
}

# ---- Numbers

# Turn by turn.
compared() { # NAME PEER
    spread "$(paired "$(taken "$1")" / "$(taken "$2")")"
}

seconds() { # NAME
    awk "BEGIN { printf \"%.2f\", $(median "$(taken "$1")") / 1000000 }"
}

main "$@"
