#!/bin/sh
# Measures everything with the release profile, on this machine, one script after the other, and prints their tables: what
# is small, the archive, 1,000 migrations, the import of one major into the next, how long writes wait, and for how long a service is
# down. Each of them takes turns with what others do the same with.
#
# Nothing here fails because it was slow: it prints what it saw, beside what is aimed at.
set -eu

# shellcheck source=benches/table.sh
. "$(dirname -- "$0")/table.sh"

usage() {
    cat <<'HELP'
usage: benches/run.sh [full] [--svg FILE]

Prints tables; about ten minutes. `full` adds databases of 1 and 4 GiB, an archive of 200 MB and the import of 5.86 million rows: more
than an hour, and 30 GB in $TMPDIR. `--svg` draws the downtime over the size of the database: docs/downtime.svg is made so. $INSTALLER is the
program, where it is not the release build of this checkout, and $INTEROP a driver of the engines that migrations are compared with.
HELP
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    full='' svg=''
    while [ $# -gt 0 ]; do
        case $1 in
        full) full=yes ;;
        --svg)
            [ $# -ge 2 ] || { usage >&2 && exit 2; }
            svg=$2
            shift
            ;;
        -h | --help) usage && return ;;
        *) usage >&2 && exit 2 ;;
        esac
        shift
    done
    require cargo "Rust, from https://rustup.rs"
    release_build "${INSTALLER-}"
    export INSTALLER="$installer"
    if [ -n "$full" ]; then
        bench small.sh
        bench migrations.sh
        REPEATS=5 bench import.sh
        bench waits.sh
        set --
    else
        bench small.sh size gate status plan
        bench migrations.sh
        bench waits.sh 100
        set -- 10 100
        say "not measured: larger databases, the archive and the import, which are in \`benches/run.sh full\`"
    fi
    if [ -n "$svg" ]; then set -- --svg "$svg" "$@"; fi
    bench downtime.sh "$@"
}

bench() { # SCRIPT ARGUMENT…
    script=$1
    shift
    "$project/benches/$script" "$@"
    echo
}

main "$@"
