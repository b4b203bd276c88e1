#!/bin/sh
# Measures what is small, and the archive: the size of the program, the gate, `status` after 50 runs, a manifest of 10,000
# releases, and how long an archive takes from its address to the disk, beside `curl; sha256sum; tar; sync` in turn.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

repeats=5
# Of the archive: MiB that get no smaller, and MiB that do.
noise=${NOISE-150} text=${TEXT-370}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    for program in curl sha256sum tar python3 openssl; do
        command -v "$program" >/dev/null || { say "there is no \`$program\`" && exit 1; }
    done
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench-small.XXXXXX")
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 130' INT TERM
    installer=${1-}
    if [ -z "$installer" ]; then build; fi
    rustc --edition 2024 -O -o "$work/stopwatch" "$project/benches/stopwatch/stopwatch.rs"
    printf '%-44s %12s  %s\n' "small things" here goal
    row "size of the program" "$(mebibytes "$(stat -c %s "$installer")")" "9 MB"
    product 1.0.0 1 1
    product 1.1.0 1 1
    run install --to 1.0.0
    row "gate" "$(milliseconds "$(stopwatch --config "$work/installer.toml" gate)")" "1.5 ms"
    memory
    history
    many_releases
    rm -rf -- "$work/root" "$work/state" "$work/data" "$work/releases"
    archive
}

build() {
    (cd -- "$project" && cargo build --locked --release --bin gantry-installer) >&2
    target=$(cd -- "$project" && cargo metadata --locked --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    installer=$target/release/gantry-installer
}

# ---- A product that is one script, without a service

product() { # VERSION NOISE TEXT
    top=$work/made/notes-$1
    mkdir -p -- "$top/bin" "$top/migrations" "$work/releases" "$work/data"
    printf '#!/bin/sh\necho notes %s\n' "$1" >"$top/bin/notes"
    chmod +x "$top/bin/notes"
    echo "CREATE TABLE notes (id INTEGER PRIMARY KEY);" >"$top/migrations/0001_notes.up.sql"
    echo "DROP TABLE notes;" >"$top/migrations/0001_notes.down.sql"
    head -c "$(($2 * 1048576))" /dev/urandom >"$top/noise"
    # Noise in letters gets smaller, and takes its time, as programs do.
    openssl rand -base64 "$(($3 * 786432))" 2>/dev/null | head -c "$(($3 * 1048576))" >"$top/text"
    tar -C "$work/made" -czf "$work/releases/notes-$1.tar.gz" "notes-$1"
    rm -rf -- "$work/made"
    manifest=$work/releases/notes.toml
    [ -e "$manifest" ] || "$installer" -q manifest new --product notes --manifest "$manifest" >/dev/null
    "$installer" -q manifest add "$work/releases/notes-$1.tar.gz" --manifest "$manifest" --target any >/dev/null
    echo benchmark >"$work/password"
    generate=''
    [ -e "$work/release.key" ] || generate=--generate
    # shellcheck disable=SC2086 # no argument where there is a key
    "$installer" -q manifest sign --manifest "$manifest" --key "$work/release.key" --password-file "$work/password" \
        $generate >/dev/null
    configuration >"$work/installer.toml"
}

configuration() {
    cat <<END
product = "notes"
[install]
root = "$work/root"
state = "$work/state"
binary = "bin/notes"
[manifest]
url = "$work/releases/notes.toml"
keys = ["$(sed -n 2p "$work/release.key.pub")"]
[database]
url = "sqlite:$work/data/notes.db"
format = "golang-migrate"
[service]
manager = "none"
[backup]
dir = "$work/backups"
END
}

run() { # ARGUMENT…
    "$installer" --config "$work/installer.toml" --json --quiet "$@" --yes >"$work/answer" && return
    cat -- "$work/answer" >&2
    return 1
}

stopwatch() { # ARGUMENT…
    "$work/stopwatch" 30 "$installer" "$@"
}

memory() {
    if [ ! -x /usr/bin/time ]; then
        say "not measured: memory, because there is no /usr/bin/time; it comes with the package time"
        return
    fi
    /usr/bin/time -f %M -o "$work/peak" "$installer" --config "$work/installer.toml" gate >/dev/null
    row "memory of the gate, at its peak" "$(mebibytes "$(($(tail -n 1 "$work/peak") * 1024))")" "8 MiB"
}

history() {
    say "50 runs"
    turn=0
    while [ "$turn" -lt 25 ]; do
        turn=$((turn + 1))
        run upgrade --to 1.1.0
        run rollback --to 1.0.0
    done
    row "status after 50 runs" "$(milliseconds "$(stopwatch --config "$work/installer.toml" status)")" "10 ms"
}

# 1.0.0 to 1.0.9999, each with an artifact: what is asked is the way to the last of them.
many_releases() {
    sed '/^\[\[release\]\]/,$d' "$work/releases/notes.toml" >"$work/many.toml"
    awk 'BEGIN {
        for (i = 0; i < 10000; i++) {
            printf "[[release]]\nversion = \"1.0.%d\"\nschema = 1\nreads = [1]\n", i
            printf "[[release.artifact]]\ntarget = \"any\"\nurl = \"notes-%d.tar.gz\"\nsize = 1000\nsha256 = \"%064x\"\n", i, i
        }
    }' >>"$work/many.toml"
    row "manifest of 10,000 releases: check" \
        "$(milliseconds "$("$work/stopwatch" 5 "$installer" manifest check --manifest "$work/many.toml")")" "50 ms"
}

# ---- An archive, from its address to the disk

archive() {
    say "an archive"
    product 2.0.0 "$noise" "$text"
    source=$work/releases/notes-2.0.0.tar.gz
    ours='' theirs='' turn=0
    while [ "$turn" -lt "$repeats" ]; do
        turn=$((turn + 1))
        rm -rf -- "$work/root" "$work/state" "$work/data" "$work/by-hand"
        mkdir -p -- "$work/data" "$work/by-hand"
        sync
        run install --to 2.0.0
        ours="$ours $(sed 's/.*"ms":\([0-9]*\),"name":"fetch".*/\1/; s/.*"name":"fetch","ms":\([0-9]*\).*/\1/' "$work/answer")"
        sync
        begun=$(date +%s%N)
        curl -s "file://$source" -o "$work/by-hand/archive"
        sha256sum "$work/by-hand/archive" >/dev/null
        tar -C "$work/by-hand" -xzf "$work/by-hand/archive"
        sync
        theirs="$theirs $((($(date +%s%N) - begun) / 1000000))"
    done
    ours=$(median "$ours") theirs=$(median "$theirs")
    row "archive of $(mebibytes "$(stat -c %s "$source")"), $((noise + text)) MiB inside" "$ours ms" ""
    row "    curl; sha256sum; tar; sync" "$theirs ms" ""
    row "    ours, times theirs" "$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")" "0.50"
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

say() { # WORDS
    echo "bench: $1" >&2
}

main "$@"
