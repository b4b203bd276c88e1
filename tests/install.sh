#!/bin/sh
# install.sh: cut off at any byte, against a server that fails in every way, and on machines that lack something.
#
# Says what it skipped. What is installed is the development build; nothing outside of a temporary directory is touched.
set -eu

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    if [ "${1-}" = --one ]; then
        "$2"
        return
    fi
    work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-install.XXXXXX")
    trap end EXIT
    trap 'exit 130' INT TERM
    require cargo "Rust, from https://rustup.rs"
    require python3 "the package python3"
    (cd -- "$project" && cargo build --locked --bin gantry-installer --example gantry-node) >&2
    built=$(cd -- "$project" && cargo metadata --locked --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug
    publish
    serve
    passed=0 failed=0 skipped=0
    names=${*:-$(sed -n 's/^\([a-z0-9_]*\)() { # test$/\1/p' "$project/tests/install.sh")}
    for name in $names; do run "$name"; done
    echo "install: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

# Exported: each test is a process of its own, which ends with the first command that fails.
publish() {
    script=$project/install.sh
    architecture=$(uname -m)
    version=$("$built/gantry-installer" --version | cut -d ' ' -f 2)
    releases=$work/releases
    program=$releases/$version/gantry-installer-$architecture-linux
    mkdir -p -- "$releases/$version"
    strip -o "$program" -- "$built/gantry-installer"
    (cd -- "$releases/$version" && sha256sum "${program##*/}" >"${program##*/}.sha256")
    digest=$(cut -d ' ' -f 1 "$program.sha256")
    echo "$version" >"$releases/latest"
    triple=$(rustc -vV | sed -n 's/^host: //p')
    export project built work script architecture version releases program digest triple
}

serve() {
    mkfifo "$work/port"
    python3 "$project/tests/install/server.py" "$releases" >"$work/port" &
    server=$!
    read -r port <"$work/port"
    url=http://127.0.0.1:$port
    export url
}

end() {
    if [ -n "${server-}" ]; then kill "$server" 2>/dev/null || true; fi
    rm -rf -- "$work"
}

run() { # NAME
    here=$work/$1
    export here
    mkdir -- "$here"
    status=0
    "$project/tests/install.sh" --one "$1" >"$here.log" 2>&1 </dev/null || status=$?
    case $status in
    0) passed=$((passed + 1)) && echo "test $1 ... ok$(sed -n 's/^counted: / (/p' "$here.log" | sed 's/$/)/')" ;;
    77) skipped=$((skipped + 1)) && echo "test $1 ... skipped: $(tail -n 1 "$here.log")" ;;
    *)
        failed=$((failed + 1))
        echo "test $1 ... FAILED"
        sed 's/^/    /' "$here.log"
        ;;
    esac
    rm -rf -- "$here"
}

# ---- Whole

from_a_file_with_its_digest_it_is_installed() { # test
    for shell in dash "bash --posix" "busybox sh"; do
        has "${shell%% *}" || continue
        prefix="$here/a prefix of ${shell%% *}"
        # shellcheck disable=SC2086 # a program and its argument
        $shell "$script" --from-file "$program" --prefix "$prefix"
        [ "$("$prefix/bin/gantry-installer" --version)" = "gantry-installer $version" ]
        [ -f "$prefix/share/man/man1/gantry-installer.1" ]
        # shellcheck disable=SC2086
        $shell "$script" --uninstall --prefix "$prefix"
        expect_nothing "$prefix"
    done
}

the_newest_of_a_server_is_installed_for_this_user() { # test
    cp -- "$script" "$here/script.sh"
    as_a_user env HOME="$here" sh "$here/script.sh" --base-url "$url/well"
    [ "$("$here/.local/bin/gantry-installer" --version)" = "gantry-installer $version" ]
}

a_version_of_a_server_is_installed() { # test
    sh "$script" --base-url "$url/well" --version "$version" --prefix "$here"
    "$here/bin/gantry-installer" --version
}

the_second_time_nothing_is_changed() { # test
    sh "$script" --from-file "$program" --prefix "$here"
    before=$(stat -c '%i %Y' "$here/bin/gantry-installer")
    says "already" sh "$script" --from-file "$program" --prefix "$here"
    [ "$(stat -c '%i %Y' "$here/bin/gantry-installer")" = "$before" ]
}

wget_alone_is_enough() { # test
    has wget || skip "there is no wget"
    path_without curl
    PATH=$here/path sh "$script" --base-url "$url/well" --prefix "$here/prefix"
    "$here/prefix/bin/gantry-installer" --version
}

an_uninstall_removes_what_was_installed_and_nothing_else() { # test
    mkdir -p -- "$here/share/man/man1" "$here/bin"
    touch "$here/share/man/man1/other.1" "$here/bin/other"
    (cd -- "$here" && find . -type f) >"$here.before"
    sh "$script" --from-file "$program" --prefix "$here"
    sh "$script" --uninstall --prefix "$here"
    (cd -- "$here" && find . -type f) >"$here.after"
    diff "$here.before" "$here.after"
}

a_receipt_that_was_changed_removes_nothing_elsewhere() { # test
    sh "$script" --from-file "$program" --prefix "$here/prefix"
    touch "$here/gantry-installer-of-another"
    {
        echo "$here/gantry-installer-of-another"
        echo "$here/prefix/../gantry-installer-of-another"
    } >>"$here/prefix/share/gantry-installer/installed"
    sh "$script" --uninstall --prefix "$here/prefix"
    [ -f "$here/gantry-installer-of-another" ]
}

asked_to_it_installs_gantry_as_the_configuration_says() { # test
    "$project/packaging/make-repository.sh" --installer "$program" --program "$built/examples/gantry-node" --target "$triple" \
        --key "$here/release.key" --out "$here/releases" --only 1.4.1
    mkdir -- "$here/data"
    cat >"$here/installer.toml" <<CONFIG
product = "gantry"
[install]
root = "$here/root"
state = "$here/state"
[manifest]
url = "$here/releases/gantry.toml"
keys = ["$(sed -n 2p "$here/release.key.pub")"]
[database]
url = "sqlite:$here/data/gantry.db"
format = "golang-migrate"
[service]
manager = "none"
[backup]
dir = "$here/backups"
CONFIG
    sh "$script" --from-file "$program" --prefix "$here/prefix" --gantry --config "$here/installer.toml"
    [ "$(readlink "$here/root/current")" = versions/1.4.1 ]
}

# ---- What must not be installed

a_copy_that_is_cut_off_does_nothing() { # test
    whole=$(wc -c <"$script") cut=0
    # The first line alone is a comment: there is nothing in it that could fail.
    length=$(head -n 1 "$script" | wc -c)
    while [ "$length" -lt $((whole - 2)) ]; do
        length=$((length + 1))
        # Every byte at both ends, where a cut is worst; every 13th between.
        if [ "$length" -gt 400 ] && [ "$length" -lt $((whole - 600)) ]; then length=$((length + 12)); fi
        head -c "$length" "$script" >"$here/cut.sh"
        cut=$((cut + 1))
        if sh "$here/cut.sh" --from-file "$program" --prefix "$here/prefix" 2>/dev/null; then
            wrong "cut off after $length bytes it ends well"
        fi
        if [ $((length % 97)) -eq 0 ]; then
            for shell in "bash --posix" "busybox sh"; do
                has "${shell%% *}" || continue
                # shellcheck disable=SC2086
                if $shell "$here/cut.sh" --from-file "$program" --prefix "$here/prefix" 2>/dev/null; then
                    wrong "cut off after $length bytes it ends well in $shell"
                fi
            done
        fi
    done
    [ ! -e "$here/prefix" ] || wrong "something was made"
    echo "counted: $cut cuts of $whole bytes"
}

a_server_that_fails_in_any_way_installs_nothing() { # test
    for fault in missing/at drops loops fails welcomes cuts shortens changes no-digest; do
        if sh "$script" --base-url "$url/$fault" --version "$version" --prefix "$here"; then wrong "$fault: it ends well"; fi
        expect_nothing "$here"
        if sh "$script" --base-url "$url/$fault" --sha256 "$digest" --version "$version" --prefix "$here" &&
            [ "$fault" != no-digest ]; then
            wrong "$fault: it ends well"
        fi
        [ "$fault" = no-digest ] || expect_nothing "$here"
    done
}

nobody_listens_and_nothing_is_installed() { # test
    closed=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    refused "cannot be fetched" --base-url "http://127.0.0.1:$closed" --prefix "$here"
    expect_nothing "$here"
}

an_address_that_anybody_can_change_is_refused() { # test
    refused "use https://" --base-url http://releases.gantry.example/installer --prefix "$here"
    refused "use https://" --base-url http://127.0.0.1.gantry.example/installer --prefix "$here"
    refused "no address" --base-url ftp://releases.gantry.example --prefix "$here"
    expect_nothing "$here"
}

a_file_without_a_digest_is_refused() { # test
    cp -- "$program" "$here/program"
    refused "there is no digest" --from-file "$here/program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

a_file_with_another_digest_is_refused() { # test
    cp -- "$program" "$here/program"
    printf x >>"$here/program"
    refused "and should have $digest" --from-file "$here/program" --sha256 "$digest" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

another_version_than_the_one_asked_for_is_refused() { # test
    refused "and not 99.0.0" --from-file "$program" --version 99.0.0 --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

a_failed_attempt_leaves_the_installed_one() { # test
    sh "$script" --from-file "$program" --prefix "$here"
    refused "nothing was installed" --base-url "$url/changes" --prefix "$here"
    "$here/bin/gantry-installer" --version
    [ -z "$(find "$here/bin" -name '.gantry-installer.*')" ] || wrong "what it fetched stayed"
}

what_it_does_not_know_is_refused() { # test
    refused "there is no \`--frobnicate\`" --frobnicate
    refused "needs a value" --prefix
    refused "is no version" --version '../1.0.0' --prefix "$here"
    refused "exclude each other" --base-url "$url/well" --from-file "$program" --prefix "$here"
    refused "nothing was installed in" --uninstall --prefix "$here"
}

# ---- Machines that lack something

without_curl_and_wget_it_says_so() { # test
    path_without curl wget
    PATH=$here/path refused "neither \`curl\` nor \`wget\`" --base-url "$url/well" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

without_anything_that_computes_a_digest_it_says_so() { # test
    path_without sha256sum shasum openssl
    PATH=$here/path refused "there is no \`sha256sum\`" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

on_a_32_bit_userland_it_says_so() { # test
    path_without od
    printf '#!/bin/sh\necho " 1"\n' >"$here/path/od"
    chmod 755 "$here/path/od"
    PATH=$here/path refused "32-bit" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

on_another_architecture_it_says_so() { # test
    path_without uname
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo riscv64 ;; esac\n' >"$here/path/uname"
    chmod 755 "$here/path/uname"
    PATH=$here/path refused "there is no release for \`riscv64\`" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

on_a_file_system_that_runs_no_programs_it_says_so() { # test
    [ "$(id -u)" -eq 0 ] || skip "only root may mount one"
    mkdir -- "$here/prefix"
    mount -t tmpfs -o noexec none "$here/prefix" 2>/dev/null || skip "nothing may be mounted here"
    trap 'umount "$here/prefix"' EXIT
    refused "noexec" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

where_the_user_may_not_write_it_says_how_and_becomes_nobody_else() { # test
    path_without sudo
    printf '#!/bin/sh\ntouch %s/sudo-was-called\n' "$here" >"$here/path/sudo"
    chmod 755 "$here/path/sudo"
    mkdir -- "$here/prefix"
    chmod 555 "$here/prefix"
    cp -- "$script" "$here/script.sh"
    status=0
    answer=$(PATH=$here/path as_a_user sh "$here/script.sh" --from-file "$program" --prefix "$here/prefix" 2>&1) ||
        status=$?
    echo "$answer"
    [ "$status" -eq 1 ]
    case $answer in *"sudo sh install.sh --prefix $here/prefix"*) ;; *) wrong "it does not say how" ;; esac
    [ ! -e "$here/sudo-was-called" ] || wrong "it called sudo"
}

# ---- What is expected

# As who runs the tests, or as nobody where that is root, who may write everywhere.
as_a_user() { # COMMAND…
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    chmod -R a+rX "$work"
    chown 65534 "$here"
    setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

refused() { # WORDS ARGUMENT…
    words=$1
    shift
    status=0
    answer=$(sh "$script" "$@" 2>&1) || status=$?
    echo "$answer"
    case $status in 1 | 2) ;; *) wrong "it ended with $status" ;; esac
    case $answer in *"$words"*) ;; *) wrong "it does not say \`$words\`" ;; esac
}

says() { # WORDS COMMAND…
    words=$1
    shift
    answer=$("$@" 2>&1)
    echo "$answer"
    case $answer in *"$words"*) ;; *) wrong "it does not say \`$words\`" ;; esac
}

expect_nothing() { # DIRECTORY
    if [ -d "$1" ] && find "$1" ! -type d | grep .; then wrong "something was installed"; fi
}

# Everything that is in the usual places, but for these.
path_without() { # PROGRAM…
    mkdir -- "$here/path"
    for directory in /bin /usr/bin; do
        for found in "$directory"/*; do ln -sf -- "$found" "$here/path/"; done
    done
    for left_out; do rm -f -- "$here/path/$left_out"; done
}

has() { # PROGRAM
    command -v "$1" >/dev/null
}

require() { # PROGRAM WHERE-FROM
    has "$1" || wrong "there is no \`$1\`; it comes with $2"
}

skip() { # WORDS
    echo "$1"
    exit 77
}

wrong() { # WORDS
    echo "WRONG: $1"
    exit 1
}

main "$@"
