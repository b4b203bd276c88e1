#!/bin/sh
# The Debian package where it runs: real dpkg and apt, and real systemd as PID 1 in throw-away machines without a network.
# Every situation of packaging/README.md has its test here, by name. Needs root; without it nothing runs, and that is
# said and counted.
# shellcheck disable=SC2034,SC2154 # names of the parts
set -eu

usage() {
    cat <<'HELP'
usage: tests/package.sh [--keep] [NAME]...
       tests/package.sh --measure

Runs all situations, or those that are named. --keep leaves the working directory and says where it is.
--measure runs none of them, and prints how long an upgrade by apt is down, and the same one by the command.
Tools that are missing are installed with apt-get. $DEBIAN_MIRROR is where the root tree comes from (http://deb.debian.org).
HELP
}

project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
parts=$project/tests/package
for part in "$parts"/*.sh "$parts"/situations/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done

main() {
    keep='' names='' measured=''
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage && return ;;
        --keep) keep=yes ;;
        --measure) measured=yes ;;
        --one) one "$2" && return ;;
        -*) usage >&2 && exit 2 ;;
        *) names="$names $1" ;;
        esac
        shift
    done
    all=$(situations)
    for name in $names; do
        echo "$all" | grep -qx "$name" || refuse "there is no situation \`$name\`"
    done
    [ -n "$names" ] || names=$all
    count=$(echo "$names" | wc -w)
    possible
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-package.XXXXXX")
    trap end EXIT
    trap 'exit 130' INT TERM
    begun=$(date +%s)
    memory=$work/memory
    mkdir -- "$memory"
    mount -t tmpfs -o mode=755 gantry-package "$memory"
    for part in build root_tree make_site make_layers; do
        "$part"
        say "$part: $(($(date +%s) - begun)) s"
    done
    say "it took $(($(date +%s) - begun)) s to get ready"
    if [ -n "$measured" ]; then measure; else run_all; fi
}

# A situation is a function of tests/package/situations, and every function there is one.
situations() {
    sed -n 's/^\([a-z0-9_]*\)() {.*/\1/p' "$parts"/situations/*.sh
}

possible() {
    [ "$(id -u)" -eq 0 ] || skip_all "only root may make machines"
    [ "$(uname -m)" = x86_64 ] || skip_all "the tree and its packages are made for x86_64"
    # The programs are built here and run there.
    grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || skip_all "the machines are Debian 12, and this one is not"
    for tool in mmdebstrap systemd-nspawn:systemd-container aptly gpg curl sqlite3 nsenter:util-linux pgrep:procps lintian piuparts; do
        command -v "${tool%:*}" >/dev/null || install_package "${tool#*:}" ||
            skip_all "there is no \`${tool%:*}\`, and apt-get could not install ${tool#*:}"
    done
    unshare --mount true 2>/dev/null || skip_all "nothing may be mounted here"
}

install_package() { # NAME
    say "installing $1"
    apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1 && return
    apt-get update >/dev/null 2>&1 && apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1
}

skip_all() { # WORDS
    say "skipped: $1"
    echo "package: 0 passed, 0 failed, $count skipped"
    exit 0
}

build() {
    say "building the installer, the reference node and the load"
    (cd -- "$project" && cargo build --locked --bin gantry-installer --example gantry-node --example gantry-load) >&2
    built=$(cd -- "$project" && cargo metadata --locked --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug
    target=$(cargo -vV | sed -n 's/^host: //p')
    programs=$work/programs
    mkdir -- "$programs"
    for program in gantry-installer examples/gantry-node examples/gantry-load; do
        strip -o "$programs/${program##*/}" -- "$built/$program"
    done
}

# As many at once as there are processors; each is a process of its own.
run_all() {
    mkdir -- "$work/results"
    export work memory tree site programs target
    echo "$names" | tr -s ' \n' '\n' | grep . | xargs -P "$(nproc)" -n 1 "$project/tests/package.sh" --one || true
    passed=$(find "$work/results" -name '*.passed' | wc -l)
    say "the whole took $(($(date +%s) - begun)) s"
    echo "package: $passed passed, $((count - passed)) failed, 0 skipped"
    [ "$passed" -eq "$count" ]
}

# Never fails itself: xargs would stop.
one() { # NAME
    begun=$(date +%s%N) situation=$1
    if apart "$1" >"$work/results/$1.log"; then
        touch "$work/results/$1.passed"
        echo "test $1 ... ok ($((($(date +%s%N) - begun) / 1000000)) ms)"
    else
        # In one piece, beside the words of others.
        { echo "test $1 ... FAILED" && sed 's/^/    /' "$work/results/$1.log"; } >"$work/results/$1.shown"
        cat -- "$work/results/$1.shown"
    fi
    # Its machines are in memory.
    rm -rf -- "${memory:?}/$1" 2>/dev/null || true
}

# In a process that ends with the first command that fails, which a shell does not do where it is asked how it went.
apart() { # COMMAND
    (
        set -e
        trap dismantle EXIT
        "$1"
    ) 2>&1 </dev/null &
    wait $!
}

end() {
    if [ -n "$keep" ]; then
        say "kept: $work; to remove it: umount $memory; rm -r $work"
        return
    fi
    umount "$memory" 2>/dev/null || umount --lazy "$memory"
    rm -rf -- "$work"
}

say() { # WORDS
    echo "package: $1" >&2
}

refuse() { # WORDS
    say "$1"
    exit 1
}

main "$@"
