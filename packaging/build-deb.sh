#!/bin/sh
# Makes the Debian package of one release: what dpkg delivers, and gantry-installer then moves the service to.
#
# The same input gives the same bytes: every time in it is SOURCE_DATE_EPOCH, or else the manifest's `created`.
# shellcheck disable=SC2034 # names for the parts
set -eu

project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
for part in "$project"/packaging/build-deb/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done

usage() {
    cat <<'HELP'
usage: build-deb.sh --version VERSION --out DIR [OPTION]...

  --version      a release of the manifest
  --out          where the package goes: DIR/PRODUCT_VERSION_ARCHITECTURE.deb
  --repository   a signed release repository (default: one with the reference node, made in the build directory)
  --public-key   the key that the installed node trusts (default: release.key.pub beside the repository)
  --url          where the installed node finds the repository (default: as in the product's `package`)
  --installer    the gantry-installer to deliver (default: a static one, built by packaging/build-release.sh)
  --target       the machines that it is for (default: x86_64-unknown-linux-gnu)
  --product      directory with `package`, `description` and `installer.toml` (default: packaging/gantry)
  --compression  of the package: xz, gzip or zstd (default: xz)

packaging/README.md tells what is in the package, and how to make one of another product.
HELP
}

main() {
    template=$project/packaging/template
    version='' out='' repository='' key_file='' url='' installer='' target=x86_64-unknown-linux-gnu
    product_directory=$project/packaging/gantry compression=xz
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage && return ;;
        --version | --out | --repository | --public-key | --url | --installer | --target | --product | --compression)
            [ $# -ge 2 ] || misused "$1 needs a value"
            take "$1" "$2"
            shift 2
            ;;
        *) misused "there is no \`$1\`" ;;
        esac
    done
    if [ -z "$version" ] || [ -z "$out" ]; then misused "--version and --out are needed"; fi
    require dpkg-deb "the package dpkg"
    defaults
    umask 022
    LC_ALL=C TZ=UTC
    export LC_ALL TZ
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    tree=$work/tree
    mkdir -p -- "$tree/DEBIAN" "$out"
    values
    payload
    programs
    documents
    units
    control
    pack
}

take() { # OPTION VALUE
    case $1 in
    --version) version=$2 ;;
    --out) out=$2 ;;
    --repository) repository=$2 ;;
    --public-key) key_file=$2 ;;
    --url) url=$2 ;;
    --installer) installer=$2 ;;
    --target) target=$2 ;;
    --product) product_directory=$2 ;;
    --compression) compression=$2 ;;
    esac
}

# ---- What was not given

defaults() {
    product=$(setting product)
    built=${CARGO_TARGET_DIR:-$project/target}/package
    if [ -z "$installer" ]; then
        installer=$built/gantry-installer-${target%%-*}-linux
        [ -x "$installer" ] || "$project/packaging/build-release.sh" --out "$built" --target "${target%%-*}" >&2
    fi
    [ -x "$installer" ] || refuse "there is no program \`$installer\`"
    # Runs here, whatever machines the package is for.
    tool=$installer
    "$tool" --version >/dev/null 2>&1 || tool=gantry-installer
    "$tool" --version >/dev/null 2>&1 ||
        refuse "\`$installer\` does not run here, and no other gantry-installer is in \$PATH to make the payload"
    if [ -z "$repository" ]; then
        repository=$built/repository
        [ -d "$repository" ] || reference_repository
        [ -n "$key_file" ] || key_file=$built/release.key.pub
    fi
    [ -n "$key_file" ] || key_file=$(dirname -- "$repository")/release.key.pub
    [ -f "$key_file" ] || refuse "there is no public key \`$key_file\`; name one with --public-key"
    manifest=$repository/$product.toml
    [ -f "$manifest" ] || refuse "there is no manifest \`$manifest\`"
    [ -n "$url" ] || url=$(setting url)
}

reference_repository() {
    say "making a release repository with the reference node in $repository"
    (cd -- "$project" && cargo build --locked --release --example gantry-node) >&2
    "$project/packaging/make-repository.sh" --installer "$tool" --target "$target" --key "$built/release.key" \
        --program "${CARGO_TARGET_DIR:-$project/target}/release/examples/gantry-node" --out "$repository" >&2
}

# ---- Words

require() { # PROGRAM WHERE-FROM
    command -v "$1" >/dev/null || refuse "there is no \`$1\`; it comes with $2"
}

say() { # WORDS
    echo "build-deb: $1" >&2
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
