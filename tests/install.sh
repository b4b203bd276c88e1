#!/bin/sh
# install.sh: cut off at any byte, against a server that fails in every way, and on machines that lack something.
#
# Says what it skipped. What is installed is the development build; nothing outside of a temporary directory is touched.
# A test is a function of tests/install with `# test` behind its brace.
set -eu

project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
for part in "$project"/tests/install/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done

main() {
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
    names=${*:-$(sed -n 's/^\([a-z0-9_]*\)() { # test$/\1/p' "$project"/tests/install/*.sh)}
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

main "$@"
