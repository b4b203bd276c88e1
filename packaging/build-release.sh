#!/bin/sh
# Builds the installer as it is released: one static file for each architecture, by what this machine's toolchain has.
#
# musl's C library is preferred: a static glibc may want the machine's own shared one to resolve names by NSS.
set -eu

largest=9000000

usage() {
    cat <<'HELP'
usage: build-release.sh --out DIR [--target x86_64|aarch64]...

Leaves DIR/gantry-installer-ARCHITECTURE-linux, its .sha256, and an install.sh that knows both. Without --target: all that can be built here; what cannot is
said, with what is missing. SOURCE_DATE_EPOCH is when it says that it was built (default: the last commit).
HELP
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
    out='' wanted=''
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage && return ;;
        --out | --target)
            [ $# -ge 2 ] || misused "$1 needs a value"
            if [ "$1" = --out ]; then out=$2; else wanted="$wanted $2"; fi
            shift 2
            ;;
        *) misused "there is no \`$1\`" ;;
        esac
    done
    [ -n "$out" ] || misused "--out is needed"
    mkdir -p -- "$out"
    out=$(cd -- "$out" && pwd -P)
    cd -- "$project"
    # The build's floor for clocks, and the only time in the program.
    : "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
    export SOURCE_DATE_EPOCH
    libraries=$(rustc --print sysroot)/lib/rustlib
    for architecture in ${wanted:-x86_64 aarch64}; do
        if ! choose "$architecture"; then
            [ -z "$wanted" ] || exit 1
            continue
        fi
        build
        inspect
    done
    publish_script
}

# The copy of install.sh that goes with the release knows its version and its digests.
publish_script() {
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    set -- -e "s/^release_version=''/release_version='$version'/"
    for file in "$out"/gantry-installer-*-linux.sha256; do
        [ -f "$file" ] || continue
        architecture=${file##*/gantry-installer-}
        set -- "$@" -e "s/^sha256_${architecture%-linux.sha256}=''/sha256_${architecture%-linux.sha256}='$(cut -d ' ' -f 1 "$file")'/"
    done
    sed "$@" install.sh >"$out/install.sh"
    chmod 755 "$out/install.sh"
}

# Sets `triple`, `compiler`, `linker`, `linkage`.
choose() { # ARCHITECTURE
    case $1 in
    x86_64) musl=musl-gcc gnu=cc package=musl-tools gnu_package=gcc ;;
    aarch64) musl=aarch64-linux-musl-gcc gnu=aarch64-linux-gnu-gcc package="a musl toolchain" gnu_package=gcc-aarch64-linux-gnu ;;
    *) misused "there is no architecture \`$1\` here" ;;
    esac
    # A machine builds for its own with its own compiler.
    [ "$1" != "$(uname -m)" ] || gnu=cc
    program=$out/gantry-installer-$1-linux
    if has_library "$1-unknown-linux-musl" && has_program "$musl"; then
        # musl-gcc knows no static program whose place is random; rustc has what a linker needs for one.
        triple=$1-unknown-linux-musl compiler=$musl linker=$gnu linkage=-Clink-arg=-Wl,-z,pack-relative-relocs kind="musl, static"
    elif has_library "$1-unknown-linux-gnu" && has_program "$gnu"; then
        triple=$1-unknown-linux-gnu compiler=$gnu linker=$gnu linkage=-Ctarget-feature=+crt-static kind="glibc, static"
    else
        say "not built: $1: there is neither rustup's target $1-unknown-linux-musl with \`$musl\` ($package)" \
            "nor $1-unknown-linux-gnu with \`$gnu\` ($gnu_package)"
        return 1
    fi
}

has_library() { # TRIPLE
    [ -d "$libraries/$1/lib" ]
}

has_program() { # NAME
    command -v "$1" >/dev/null
}

build() {
    say "building $triple ($kind)"
    name=$(echo "$triple" | tr '[:lower:]-' '[:upper:]_')
    lower=$(echo "$triple" | tr - _)
    # Nothing is unwound after a panic, and without symbols there is no trace to show: the tables for it are left out.
    unwinding="-Cforce-unwind-tables=no -Clink-arg=-Wl,-T,$project/packaging/no-unwinding.ld"
    # The allocator's own tables are as long as what it reserves, a gibibyte: the gate would take a twentieth of its time for
    # them. And what is about to end needs not give anything back.
    allocator="-DMI_DEFAULT_ARENA_RESERVE=65536 -DMI_SKIP_COLLECT_ON_EXIT"
    env "CARGO_TARGET_${name}_LINKER=$linker" "CC_$lower=$compiler" "CFLAGS_$lower=$allocator" \
        RUSTFLAGS="$linkage $unwinding" \
        cargo build --locked --profile dist --bin gantry-installer --target "$triple" >&2
    built=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    install -m 755 -- "$built/$triple/dist/gantry-installer" "$program"
}

# What it takes to run, from the file itself.
inspect() {
    size=$(stat -c %s -- "$program")
    needs=$(readelf -d -- "$program" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
    loader=$(readelf -l -- "$program" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
    if [ -n "$needs$loader" ]; then refuse "\`$program\` is not static: it needs $needs$loader"; fi
    [ "$size" -le "$largest" ] || refuse "\`$program\` has $size bytes, and may have $largest"
    (cd -- "$out" && sha256sum "${program##*/}" >"${program##*/}.sha256")
    echo "$program  $kind  $size bytes ($(awk "BEGIN { printf \"%.2f\", $size / 1048576 }") MiB), needs nothing"
    if [ "$architecture" = "$(uname -m)" ]; then
        "$program" --version
    elif has_program "qemu-$architecture-static"; then
        "qemu-$architecture-static" "$program" --version
    else
        say "not run: there is no qemu-$architecture-static (qemu-user-static)"
    fi
}

say() { # WORDS…
    echo "build-release: $*" >&2
}

refuse() { # WORDS
    say "$1"
    exit 1
}

misused() { # WORDS
    say "$1"
    usage >&2
    exit 2
}

main "$@"
