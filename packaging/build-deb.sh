#!/bin/sh
# Makes the Debian package of one release: what dpkg delivers, and gantry-installer then moves the service to.
#
# The same input gives the same bytes: every time in it is SOURCE_DATE_EPOCH, or else the manifest's `created`.
set -eu

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
    project=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
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

# ---- The words that the template's files are filled with

values() {
    case $target in
    x86_64-*) architecture=amd64 ;;
    aarch64-*) architecture=arm64 ;;
    armv7-*) architecture=armhf ;;
    *) refuse "there is no Debian architecture for \`$target\` here" ;;
    esac
    # A pre-release comes before its release; dpkg says so with a tilde.
    debian_version=$(echo "$version" | tr - '~')
    created=$(sed -n 's/^created *= *"\(.*\)"$/\1/p' "$manifest" | head -n 1)
    epoch=${SOURCE_DATE_EPOCH:-$(date -u -d "$created" +%s)}
    # One a line: of several in one the shell looks at how the last one ended.
    root=$(place root)
    state=$(place state)
    backups=$(place dir)
    user=$(setting user) data=$(setting data)
    config=/etc/$product/installer.toml command=/usr/bin/$product-installer
    case $data in
    /var/lib/?*) state_directory=${data#/var/lib/} ;;
    *) refuse "\`data\` is \`$data\`; systemd keeps the data of a service below /var/lib" ;;
    esac
    # A purge empties the data and the state directory.
    outside "$data" install.state "$state"
    outside "$data" backup.dir "$backups"
    outside "$state" backup.dir "$backups"
    if [ "$product" = gantry ]; then installer_path=${command#/}; else installer_path=${root#/}/installer/gantry-installer; fi
    unit=$product.service
    units="$unit $product-recover.service $product-activate.service"
    public_key=$(sed -n 2p -- "$key_file")
}

outside() { # DIRECTORY KEY PLACE
    case ${3%/}/ in
    "${1%/}"/*) refuse "\`$2\` is \`$3\`, in \`$1\`, which a purge of the package empties" ;;
    esac
}

# A file of the template with its words put in.
filled() { # FILE
    summary=$(setting summary)
    script=$work/words.sed
    {
        word product "$product"
        word PRODUCT "$(echo "$product" | tr '[:lower:]' '[:upper:]')"
        word version "$version"
        word debian_version "$debian_version"
        word architecture "$architecture"
        word maintainer "$(setting maintainer)"
        word homepage "$(setting homepage)"
        word section "$(setting section)"
        word license "$(setting license)"
        word copyright "$(setting copyright)"
        word summary "$summary"
        word summary_sentence "$(echo "$product" | cut -c 1 | tr '[:lower:]' '[:upper:]')$(echo "$product" | cut -c 2-), $summary"
        word start "$(setting start)"
        word type "$(setting type)"
        word user "$user"
        word data "$data"
        word state_directory "$state_directory"
        word root "$root"
        word state "$state"
        word backups "$backups"
        word config "$config"
        word command "$command"
        word manual_page "$product-installer"
        word installer_path "$installer_path"
        word units "$units"
        word carries "${carries-}"
        word depends "${depends-}"
        word installed_size "${installed_size-}"
        word url "$url"
        word health "$(setting health)"
        word key "$public_key"
    } >"$script"
    sed -f "$script" -- "$1" >"$work/filled"
    if grep -v '^#' "$work/filled" | grep -o '@[a-z_]*@' | grep -v '^@signed_manifest@$' >&2; then
        refuse "\`$1\` has words that are not known"
    fi
    cat -- "$work/filled"
}

word() { # NAME VALUE
    printf 's|@%s@|%s|g\n' "$1" "$(printf %s "$2" | sed 's/[\\&|]/\\&/g')"
}

setting() { # KEY
    sed -n "s/^$1 *= *//p" "$product_directory/package" | head -n 1
}

place() { # KEY OF installer.toml
    found=$(sed -n "s/^$1 *= *\"\(.*\)\".*/\1/p" "$product_directory/installer.toml" | head -n 1)
    [ -n "$found" ] || refuse "\`$product_directory/installer.toml\` does not say \`$1\`"
    echo "$found"
}

# ---- What the package holds

# An offline bundle: manifest, signature and archives, byte for byte as they were published.
payload() {
    bundle=$tree$root/payload/$product.bundle
    mkdir -p -- "${bundle%/*}"
    carries=$("$tool" --json manifest bundle --manifest "$manifest" --from "$(setting oldest)" --to "$version" \
        --target "$target" "$bundle" | sed -n 's/.*"releases": *\[\([^]]*\)\].*/\1/p' | tr -d '" ')
    case ,$carries, in
    *,"$version",*) chmod 644 "$bundle" ;;
    *) refuse "the payload could not be made" ;;
    esac
}

programs() {
    install -D -m 755 -- "$installer" "$tree/$installer_path"
    if [ "$product" = gantry ]; then return; fi
    put 755 "${command#/}" filled "$template/command"
}

documents() {
    put 644 "${config#/}" filled "$product_directory/installer.toml"
    echo "$config" >"$tree/DEBIAN/conffiles"
    put 644 "usr/share/doc/$product/copyright" filled "$template/copyright"
    put 644 "usr/share/doc/$product/changelog.gz" zipped changelog
    put 644 "usr/share/lintian/overrides/$product" filled "$template/lintian-overrides"
    pages=usr/share/man/man1
    mkdir -p -- "$tree/$pages"
    if [ "$product" = gantry ]; then
        "$tool" man "$tree/$pages" >/dev/null 2>&1
        gzip -9n -- "$tree/$pages"/*.1
        put 644 usr/share/bash-completion/completions/gantry-installer "$tool" completions bash
        put 644 usr/share/zsh/vendor-completions/_gantry-installer "$tool" completions zsh
        put 644 usr/share/fish/vendor_completions.d/gantry-installer.fish "$tool" completions fish
    else
        put 644 "$pages/$product-installer.1.gz" zipped filled "$template/manual"
    fi
}

changelog() {
    cat <<ENTRY
$product ($debian_version) stable; urgency=medium

  * Release $version, as the manifest of $created has it.

 -- $(setting maintainer)  $(date -u -R -d "@$epoch")
ENTRY
}

units() {
    for unit in '' -recover -activate -crashed -upgrade; do
        put 644 "lib/systemd/system/$product$unit.service" filled "$template/${unit#-}${unit:+.}service"
    done
    put 644 "lib/systemd/system/$product-upgrade.timer" filled "$template/upgrade.timer"
}

# Not through a pipe: what is refused on its left side ends nothing, and an empty file would be packed.
put() { # MODE PATH COMMAND, whose words it holds
    file=$tree/$2
    mkdir -p -- "${file%/*}"
    mode=$1
    shift 2
    "$@" >"$file"
    chmod "$mode" "$file"
}

zipped() { # COMMAND
    "$@" >"$work/plain"
    gzip -9n <"$work/plain"
}

# ---- What dpkg is told

control() {
    for name in preinst postinst prerm postrm; do
        filled "$template/$name" >"$work/$name"
        embed_manifest "$work/$name" >"$tree/DEBIAN/$name"
        chmod 755 "$tree/DEBIAN/$name"
    done
    depends=$(dependencies)
    # In KiB, each file rounded up, as dpkg-gencontrol counts.
    installed_size=$(find "$tree" -path "$tree/DEBIAN" -prune -o -type f -printf '%s\n' |
        awk '{ sum += int(($1 + 1023) / 1024) } END { print sum + 0 }')
    {
        filled "$template/control"
        sed 's/^$/./; s/^/ /' "$product_directory/description"
    } >"$tree/DEBIAN/control"
    (cd -- "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | sort | xargs -d '\n' md5sum) >"$work/md5sums"
    mv -- "$work/md5sums" "$tree/DEBIAN/md5sums"
    chmod 644 "$tree/DEBIAN/control" "$tree/DEBIAN/conffiles" "$tree/DEBIAN/md5sums"
}

# The signature's four lines and the manifest, in the place of the line that stands for them.
embed_manifest() { # SCRIPT
    end=SIGNED_MANIFEST
    ! grep -qxF "$end" "$manifest" || refuse "\`$manifest\` has the line that ends it in preinst"
    [ -z "$(tail -c 1 -- "$manifest")" ] || refuse "\`$manifest\` does not end in a newline"
    sed -e "/^@signed_manifest@\$/{" -e "r $manifest.minisig" -e "r $manifest" -e d -e '}' -- "$1"
}

# A static program needs nothing; another one the C library that it was linked with.
dependencies() {
    needed=adduser
    if readelf -d -- "$installer" | grep -q NEEDED; then
        libc=$(readelf -W --version-info -- "$installer" | grep -o 'GLIBC_[0-9.]*' | cut -d _ -f 2 | sort -Vu | tail -n 1)
        needed="$needed, libc6 (>= $libc), libgcc-s1"
    fi
    echo "$needed"
}

pack() {
    package=$out/${product}_${debian_version}_$architecture.deb
    find "$tree" -exec touch -h -d "@$epoch" {} +
    # One thread: with more, xz writes other blocks.
    SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group "-Z$compression" --threads-max=1 --build "$tree" "$package.new" >/dev/null
    mv -- "$package.new" "$package"
    echo "$package"
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
