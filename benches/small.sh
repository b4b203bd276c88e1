#!/bin/sh
# Measures what is small, and the archive: the size of the program, the gate, `status` after 50 runs, a manifest of 10,000
# releases, and how long an archive takes from its address to the disk, beside `curl; sha256sum; tar; sync` in turn.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

repeats=5 starts=101
# Of the archive: MiB that get no smaller, and MiB that become a third, as programs do. It has 199 MB, and 547 inside.
noise=${NOISE-42} text=${TEXT-480}
# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"

usage() {
    cat <<'HELP'
usage: benches/small.sh [PART…]

Parts are size, gate, status, plan and archive; without any, all of them are measured. $INSTALLER is the program, where it is not
the release build of this checkout.
HELP
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    for part; do
        case $part in
        size | gate | status | plan | archive) ;;
        -h | --help) usage && return ;;
        *) usage >&2 && exit 2 ;;
        esac
    done
    for program in curl sha256sum tar; do require "$program" "the package of its name, or coreutils"; done
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-bench-small.XXXXXX")
    world=$work
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 130' INT TERM
    release_build "${INSTALLER-}"
    describe_machine
    echo
    heading "small things"
    product 1.0.0 1 1
    product 1.1.0 1 1
    run install --to 1.0.0 --yes
    parts=$*
    for part in ${parts:-size gate status plan archive}; do "measure_$part"; done
}

measure_size() {
    row "size of the program" "$(megabytes "$(stat -c %s "$installer")")" "9 MB"
}

# Beside a program that does nothing: what a process takes on this machine is no part of the gate.
measure_gate() {
    row "a process that does nothing" "$(milliseconds "$(stopwatch "$starts" true)")" ""
    row "gate" "$(milliseconds "$(ours gate)")" "1.5 ms"
    memory=$(peak "$installer" --config "$work/installer.toml" gate)
    [ "$memory" = '?' ] || row "memory of the gate, at its peak" "$(mebibytes "$memory")" "8 MiB"
}

measure_status() {
    say "50 runs"
    repeated 25 alternately forth back
    row "status after 50 runs" "$(milliseconds "$(ours status)")" "10 ms"
}

forth() { run upgrade --to 1.1.0 --yes; }
back() { run rollback --to 1.0.0 --yes; }

ours() { # ARGUMENT…
    stopwatch "$starts" "$installer" --config "$work/installer.toml" "$@"
}

# 1.0.0 to 1.0.9999, each with an artifact: what is asked is the way to the last of them.
measure_plan() {
    mkdir -p -- "$work/many"
    # What is changed gets a higher sequence.
    sed -e '/^\[\[release\]\]/,$d' -e 's/^sequence = .*/sequence = 100/' "$work/releases/notes.toml" >"$work/many/notes.toml"
    awk -v fingerprint="$(sed -n 's/^fingerprint = //p' "$work/releases/notes.toml" | head -n 1)" 'BEGIN {
        for (i = 0; i < 10000; i++) {
            printf "[[release]]\nversion = \"1.0.%d\"\nschema = 1\nreads = [1]\nfingerprint = %s\n", i, fingerprint
            printf "[[release.artifact]]\ntarget = \"any\"\nurl = \"notes-%d.tar.gz\"\nsize = 1000\nsha256 = \"%064x\"\n", i, i
        }
    }' >>"$work/many/notes.toml"
    row "manifest of 10,000 releases: check" \
        "$(milliseconds "$(stopwatch 9 "$installer" manifest check --manifest "$work/many/notes.toml")")" "50 ms"
    sign "$work/many/notes.toml"
    # A state of its own: what was seen of this manifest is nothing to the other one.
    cp -R -- "$work/state" "$work/many/state"
    sed -e "s|^url = \"$work/releases|url = \"$work/many|" -e "s|^state = .*|state = \"$work/many/state\"|" \
        "$work/installer.toml" >"$work/many/installer.toml"
    row "manifest of 10,000 releases: upgrade --dry-run" \
        "$(milliseconds "$(stopwatch 9 "$installer" --config "$work/many/installer.toml" upgrade --dry-run)")" "50 ms"
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
    [ -e "$work/words" ] || words >"$work/words"
    repeated "$((($3 + 31) / 32))" cat "$work/words" | head -c "$(($3 * 1048576))" >"$top/text"
    tar -C "$work/made" -czf "$work/releases/notes-$1.tar.gz" "notes-$1"
    rm -rf -- "$work/made"
    manifest=$work/releases/notes.toml
    [ -e "$manifest" ] || "$installer" -q manifest new --product notes --manifest "$manifest" >/dev/null
    "$installer" -q manifest add "$work/releases/notes-$1.tar.gz" --manifest "$manifest" --target any >/dev/null
    sign "$manifest"
    configuration >"$work/installer.toml"
}

# 32 MiB in words that were drawn from a thousand. The compression remembers 32 KiB, so more of the same gets no smaller.
words() {
    awk 'BEGIN {
        srand(1)
        for (i = 0; i < 1024; i++)
            for (j = -3; j < i % 8; j++) word[i] = word[i] sprintf("%c", 97 + int(26 * rand()))
        while (written < 33554432) {
            line = ""
            for (i = 0; i < 12; i++) line = line word[int(1024 * rand())] " "
            print line
            written += length(line) + 1
        }
    }'
}

sign() { # MANIFEST
    echo benchmark >"$work/password"
    generate=''
    [ -e "$work/release.key" ] || generate=--generate
    # shellcheck disable=SC2086 # no argument where there is a key
    "$installer" -q manifest sign --manifest "$1" --key "$work/release.key" --password-file "$work/password" \
        $generate >/dev/null
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

# ---- An archive, from its address to the disk

measure_archive() {
    say "an archive"
    rm -rf -- "$work/root" "$work/state" "$work/data" "$work/releases"
    product 2.0.0 "$noise" "$text"
    source=$work/releases/notes-2.0.0.tar.gz
    repeated "$repeats" alternately fetched fetched_by_hand
    ours=$(taken fetched) theirs=$(taken "by hand")
    row "archive of $(megabytes "$(stat -c %s "$source")"), $(megabytes "$(((noise + text) * 1048576))") inside" "$(spread "$ours") ms" ""
    row "    curl; sha256sum; tar; sync" "$(spread "$theirs") ms" ""
    row "    ours, times theirs" "$(spread "$(paired "$ours" / "$theirs")")" "0.50"
    clear_away
    memory=$(peak "$installer" --config "$work/installer.toml" --quiet install --to 2.0.0 --yes)
    [ "$memory" = '?' ] || row "    memory of ours, at its peak" "$(mebibytes "$memory")" "64 MiB"
    echo "($(version curl --version); $(version sha256sum --version); $(version tar --version); $(version gzip --version))"
}

version() { # COMMAND…
    "$@" 2>/dev/null | head -n 1
}

fetched() {
    clear_away
    run install --to 2.0.0 --yes
    keep_time fetched "$(step_took fetch)"
}

fetched_by_hand() {
    clear_away
    begun=$(date +%s%N)
    curl -s "file://$source" -o "$work/by-hand/archive"
    sha256sum "$work/by-hand/archive" >/dev/null
    tar -C "$work/by-hand" -xzf "$work/by-hand/archive"
    sync
    keep_time "by hand" $((($(date +%s%N) - begun) / 1000000))
}

clear_away() {
    rm -rf -- "$work/root" "$work/state" "$work/data" "$work/by-hand"
    mkdir -p -- "$work/data" "$work/by-hand"
    sync
}

main "$@"
