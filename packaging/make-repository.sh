#!/bin/sh
# Makes a signed release repository: an archive for each release of a catalogue, and the manifest that names them.
#
# An archive is PRODUCT-VERSION/ with bin/PRODUCT, release.toml, the migrations up to the release's schema, and where the
# release has an import from an older major, its mapping. One program serves as every release here, as the reference node does; a project whose releases are different programs
# gives one release at a time with --only.
set -eu

usage() {
    cat <<'END'
usage: make-repository.sh --installer FILE --program FILE --target TRIPLE --key FILE --out DIR
                          [--catalogue FILE] [--migrations DIR] [--only VERSION]... [--days N]

  --installer   the gantry-installer that computes sizes, digests and fingerprints, and signs
  --program     what becomes bin/PRODUCT in every archive
  --target      for which machines it is, such as x86_64-unknown-linux-gnu
  --key         minisign secret key; made, without a password, where there is none
  --out         the repository; must not be there yet
  --catalogue   releases without artifacts (default: manifests/gantry.toml)
  --migrations  all migrations of the product: those of each major in v1, v2 and so on, or all in one directory
                (default: migrations)
  --only        make this release and no other that is not named so
  --days        how long the manifest is good for (default: 180)
END
}

main() {
    project=$(cd -- "$(dirname -- "$0")/.." && pwd)
    catalogue=$project/manifests/gantry.toml
    migrations=$project/migrations
    installer='' program='' target='' key='' out='' only='' days=180
    while [ $# -gt 0 ]; do
        case $1 in
        --help)
            usage
            return
            ;;
        --installer | --program | --target | --key | --out | --catalogue | --migrations | --only | --days)
            [ $# -ge 2 ] || refuse "$1 needs a value"
            take "$1" "$2"
            shift 2
            ;;
        *) refuse "there is no \`$1\`" ;;
        esac
    done
    for needed in "$installer" "$program" "$target" "$key" "$out"; do
        [ -n "$needed" ] || refuse "--installer, --program, --target, --key and --out are needed"
    done
    [ ! -e "$out" ] || refuse "\`$out\` is there already"
    make_repository
}

take() { # OPTION VALUE
    case $1 in
    --installer) installer=$2 ;;
    --program) program=$2 ;;
    --target) target=$2 ;;
    --key) key=$2 ;;
    --out) out=$2 ;;
    --catalogue) catalogue=$2 ;;
    --migrations) migrations=$2 ;;
    --only) only="$only $2" ;;
    --days) days=$2 ;;
    esac
}

make_repository() {
    parent=$(dirname -- "$out")
    mkdir -p -- "$parent"
    # On the file system of the repository, so that the last step is one rename.
    staging=$(mktemp -d "$parent/.repository.XXXXXX")
    trap 'rm -rf -- "$staging"' EXIT
    product=$(value product <"$catalogue")
    manifest=$staging/repository/$product.toml
    mkdir -p "$staging/repository"
    head_of_manifest >"$manifest"
    # Release by release: the manifest never names one without its artifact.
    releases | while read -r version; do
        wanted "$version" || continue
        release "$version" >"$staging/release"
        archive=$product-$version-${target%%-*}-linux.tar.gz
        make_archive "$version" "$staging/repository/$archive"
        { echo && cat "$staging/release"; } >>"$manifest"
        # An import is tried on the schema that it comes from.
        set --
        [ -z "$(value import <"$staging/release")" ] || set -- --old-migrations "$(before "$version")"
        "$installer" manifest add "$staging/repository/$archive" \
            --manifest "$manifest" --target "$target" --url "$archive" "$@" >&2
    done
    for directory in "$migrations" "$migrations"/v[0-9]*; do
        found=$(find "$directory" -maxdepth 1 -name '*.sql' 2>/dev/null | head -n 1)
        [ -z "$found" ] || "$installer" manifest check --manifest "$manifest" --migrations "$directory" >&2
    done
    sign
    mv -- "$staging/repository" "$out"
}

sign() {
    if [ -e "$key" ]; then
        "$installer" manifest sign --manifest "$manifest" --key "$key" >&2
    else
        # Nobody is asked for a password: a repository that makes its own key is one for trying things out.
        "$installer" manifest sign --manifest "$manifest" --key "$key" --generate >&2 </dev/null
    fi
}

make_archive() { # VERSION FILE
    top=$staging/$product-$1
    mkdir -p "$top/bin" "$top/migrations"
    cp -- "$program" "$top/bin/$product"
    chmod 755 "$top/bin/$product"
    grep -E '^(version|schema|reads) *=' "$staging/release" >"$top/release.toml"
    newest=$(value schema <"$staging/release")
    of_major=$(of_major "${1%%.*}")
    for migration in "$of_major"/*.sql; do
        name=${migration##*/}
        number=$(echo "${name%%_*}" | sed 's/^0*//')
        [ "$number" -gt "$newest" ] || cp -- "$migration" "$top/migrations/"
    done
    import=$(value import <"$staging/release")
    if [ -n "$import" ]; then
        mkdir -p "$top/$import"
        cp -- "$of_major/$import"/* "$top/$import/"
    fi
    tar -C "$staging" -cf - "$product-$1" | gzip -n >"$2"
    rm -rf -- "$top"
}

of_major() { # NUMBER
    if [ -d "$migrations/v$1" ]; then echo "$migrations/v$1"; else echo "$migrations"; fi
}

# The migrations of the major before that of a release.
before() { # VERSION
    major=${1%%.*}
    of_major $((major - 1))
}

# The catalogue's own head, and the times that only a publication has.
head_of_manifest() {
    now=$(date -u +%s)
    sed '/^\[\[release\]\]/,$d' "$catalogue" | grep -E '^[a-z]+ *='
    echo "created = \"$(moment "$now")\""
    echo "expires = \"$(moment $((now + days * 86400)))\""
}

moment() { # SECONDS
    date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ
}

releases() {
    sed -n '/^\[\[release\]\]/,$s/^version *= *"\(.*\)".*/\1/p' "$catalogue"
}

wanted() { # VERSION
    [ -z "$only" ] && return
    case "$only " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# One release's lines: a block begins at its header and ends at the next one.
release() { # VERSION
    awk -v version="$1" '
        function flush() { if (found) printf "%s", block; block = ""; found = 0 }
        /^#/ { next }
        /^\[\[release\]\]/ { flush() }
        { block = block $0 "\n" }
        $1 == "version" && index($0, "\"" version "\"") { found = 1 }
        END { flush() }
    ' "$catalogue" | sed '/^$/d'
}

value() { # KEY, from a document on standard input
    sed -n "s/^$1 *= *\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" | head -n 1
}

refuse() { # WORDS
    echo "make-repository: $1" >&2
    usage >&2
    exit 2
}

main "$@"
