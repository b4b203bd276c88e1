#!/bin/sh
{
# Installs gantry-installer from a release, for this user or for the machine. See --help.
#
# Everything is in functions, and all of them are in one pair of braces that the last line closes: a copy of this file
# that was cut off anywhere does nothing, and ends as an error. It asks nothing, and never becomes another user.
set -eu

# Filled in where this file is published with a release; without them the digest is the one beside the program.
release_version=''
release_url='https://releases.gantry.example/installer'
sha256_x86_64=''
sha256_aarch64=''

usage() {
    cat <<'HELP'
usage: install.sh [--version VERSION] [--prefix DIR] [--base-url URL | --from-file FILE] [--sha256 DIGEST]
                  [--gantry [--config FILE]]
       install.sh --uninstall [--prefix DIR]
       install.sh --playground DIR [--stop]

  --version     of gantry-installer (default: the one that this file was published with, else the newest)
  --prefix      where to: DIR/bin/gantry-installer, its manual and completions in DIR/share (default: ~/.local;
                for root /usr/local)
  --base-url    take URL/VERSION/gantry-installer-ARCHITECTURE-linux, and URL/latest where no version is known
  --from-file   take this program, and use no network
  --sha256      what its digest must be (default: what this file says, else the .sha256 beside the program)
  --gantry      then install Gantry with it, as --config says (default: /etc/gantry/installer.toml)
  --uninstall   remove what an earlier call installed there, name by name, and nothing else
  --playground  from a checkout: see an upgrade work, all inside DIR; --stop ends its service

Environment: nothing but PATH and HOME.
HELP
}

main() {
    version='' prefix='' base='' file='' digest='' gantry='' config='' uninstall=''
    play=$(cd -- "$(dirname -- "$0")" && pwd -P)/packaging/playground/play
    for argument; do
        if [ "$argument" = --playground ]; then
            [ -x "$play" ] || refuse "a playground is built from a checkout of the project; this is none"
            exec "$play" "$@"
        fi
    done
    if [ $# -eq 0 ] && [ -x "$play" ]; then
        introduce
        return
    fi
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            usage
            return
            ;;
        --version | --prefix | --base-url | --from-file | --sha256 | --config)
            [ $# -ge 2 ] || misused "$1 needs a value"
            take "$1" "$2"
            shift
            ;;
        --gantry) gantry=yes ;;
        --uninstall) uninstall=yes ;;
        *) misused "there is no \`$1\`" ;;
        esac
        shift
    done
    [ -z "$base" ] || [ -z "$file" ] || misused "--base-url and --from-file exclude each other"
    place
    if [ -n "$uninstall" ]; then remove; else install_program; fi
}

take() { # OPTION VALUE
    [ -n "$2" ] || misused "$1 needs a value"
    case $1 in
    --version) version=$2 ;;
    --prefix) prefix=$2 ;;
    --base-url) base=${2%/} ;;
    --from-file) file=$2 ;;
    --sha256) digest=$2 ;;
    --config) config=$2 ;;
    esac
    case $version in *[!0-9A-Za-z.+-]*) misused "\`$version\` is no version" ;; esac
}

introduce() {
    cat <<'WORDS'
This is a checkout of gantry-installer.

  ./install.sh --playground DIR    see it work: Gantry 1.4 with some thousand rows is upgraded to 1.5, all inside DIR
  cargo install --locked --path .  build the installer and put it into cargo's directory of programs
  ./install.sh --version VERSION   install a release; --help has more

The first two need Rust (https://rustup.rs) and a C compiler.
WORDS
}

# ---- Where it goes

place() {
    if [ -z "$prefix" ]; then
        if [ "$(id -u)" -eq 0 ]; then
            prefix=/usr/local
        else
            [ -n "${HOME-}" ] || refuse "there is no \$HOME; name a directory with --prefix"
            prefix=$HOME/.local
        fi
    fi
    case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
    program=$prefix/bin/gantry-installer
    receipt=$prefix/share/gantry-installer/installed
}

install_program() {
    machine
    mkdir -p -- "$prefix/bin" "${receipt%/*}" 2>/dev/null || not_writable
    # Beside its place, not in /tmp: programs may not be run there everywhere, and the last step is one rename.
    staging=$(mktemp -d "$prefix/bin/.gantry-installer.XXXXXX" 2>/dev/null) || not_writable
    trap 'rm -rf -- "$staging"' EXIT
    trap 'exit 130' HUP INT TERM
    new=$staging/gantry-installer
    if [ -n "$file" ]; then
        from_file
    else
        from_release
    fi
    check_digest
    chmod 755 "$new"
    found=$(runs)
    if [ -n "$version" ] && [ "$version" != "$found" ]; then refuse "this is gantry-installer $found, and not $version"; fi
    if [ -f "$program" ] && [ "$(sha256 "$program")" = "$digest" ]; then
        say "gantry-installer $found is in $program already"
    else
        mv -f -- "$new" "$program"
        say "installed gantry-installer $found in $program"
    fi
    companions
    search_path
    if [ -n "$gantry" ]; then install_gantry; fi
}

not_writable() {
    say "you may not write to \`$prefix\`; install for yourself with --prefix \"\$HOME/.local\", or for the machine with"
    refuse "    sudo sh install.sh --prefix $prefix"
}

# Sets `architecture`.
machine() {
    [ "$(uname -s)" = Linux ] || refuse "gantry-installer is for Linux, and this is $(uname -s)"
    architecture=$(uname -m)
    case $architecture in
    x86_64 | amd64) architecture=x86_64 ;;
    aarch64 | arm64) architecture=aarch64 ;;
    *) refuse "there is no release for \`$architecture\`; build it: cargo install --locked --path ." ;;
    esac
    # A kernel of 64 bits may have programs of 32 around it, as on many a Raspberry Pi; what its shell is tells.
    if [ "$(od -An -tu1 -j4 -N1 /bin/sh | tr -d ' ')" = 1 ]; then
        refuse "the programs of this machine are 32-bit ones, though its kernel is not ($architecture); there is no release for them"
    fi
}

# ---- What is installed

from_file() {
    [ -f "$file" ] || refuse "there is no file \`$file\`"
    cp -- "$file" "$new" || refuse "\`$file\` cannot be copied to \`$staging\`"
    origin=$file
    expect_digest
    if [ -z "$digest" ]; then
        [ -f "$file.sha256" ] || refuse "there is no digest to hold \`$file\` against: name it with --sha256, or put it into \`$file.sha256\`"
        digest=$(first_word <"$file.sha256")
    fi
}

from_release() {
    [ -n "$base" ] || base=$release_url
    case $base in
    https://* | file://* | http://127.0.0.1[:/]* | http://localhost[:/]* | http://\[::1\]*) ;;
    http://*) refuse "\`$base\` is read by everybody on the way, and changed by anybody; use https://" ;;
    *) refuse "\`$base\` is no address; it begins with https://" ;;
    esac
    [ -n "$version" ] || version=$release_version
    if [ -z "$version" ]; then
        fetch "$base/latest" "$staging/latest"
        version=$(first_word <"$staging/latest")
        case $version in
        '' | *[!0-9A-Za-z.+-]*) refuse "\`$base/latest\` does not name a version" ;;
        esac
    fi
    origin=$base/$version/gantry-installer-$architecture-linux
    expect_digest
    if [ -z "$digest" ]; then
        fetch "$origin.sha256" "$staging/sha256"
        digest=$(first_word <"$staging/sha256")
    fi
    say "fetching $origin"
    fetch "$origin" "$new"
}

# What this file says is good for its own release alone.
expect_digest() {
    [ -z "$digest" ] || return 0
    if [ -n "$release_version" ] && [ "${version:-$release_version}" = "$release_version" ]; then
        case $architecture in
        x86_64) digest=$sha256_x86_64 ;;
        aarch64) digest=$sha256_aarch64 ;;
        esac
    fi
}

fetch() { # URL FILE
    case $1 in file://*)
        cp -- "${1#file://}" "$2" || refuse "\`$1\` cannot be read"
        return
        ;;
    esac
    if command -v curl >/dev/null; then
        # A server that stands still for half a minute is given up.
        curl --fail --silent --show-error --location --max-redirs 5 --proto-redir =https --retry 2 \
            --connect-timeout 20 --speed-limit 1 --speed-time 30 --output "$2" -- "$1" || refuse "\`$1\` cannot be fetched"
    elif command -v wget >/dev/null; then
        case $1 in https://*) believable_wget "$1" ;; esac
        wget -q -T 30 -O "$2" "$1" || refuse "\`$1\` cannot be fetched"
    else
        refuse "there is neither \`curl\` nor \`wget\`; fetch the program another way, then use --from-file"
    fi
}

# BusyBox's takes whatever certificate it is shown. What is held against a digest that came another way may come over it all the same.
believable_wget() { # URL
    if [ -n "$digest" ] || ! wget --help 2>&1 | grep -q BusyBox; then return 0; fi
    refuse "\`wget\` is BusyBox's here, which does not check whose certificate it is shown, so \`$1\` may be anybody's; install \`curl\`, or name the program's digest with --sha256 and its version with --version"
}

# Never left out: without a program that computes one nothing is installed.
check_digest() {
    [ "${#digest}" -eq 64 ] || refuse "what should be the digest of \`$origin\` is \`$digest\`"
    seen=$(sha256 "$new")
    [ "$seen" = "$digest" ] || refuse "\`$origin\` has the digest $seen, and should have $digest; nothing was installed"
}

sha256() { # FILE
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1" | first_word
    elif command -v shasum >/dev/null; then
        shasum -a 256 <"$1" | first_word
    elif command -v openssl >/dev/null; then
        openssl dgst -sha256 <"$1" | sed 's/.*= *//'
    else
        refuse "there is no \`sha256sum\`, \`shasum\` or \`openssl\` to check a digest with; nothing was changed"
    fi
}

first_word() {
    sed -n '1s/^\([^[:space:]]*\).*/\1/p'
}

# Prints the version of the new program, which says it itself.
runs() {
    status=0
    answer=$("$new" --version 2>&1) || status=$?
    case $status$answer in
    "0gantry-installer "*) echo "${answer#gantry-installer }" ;;
    126*) refuse "\`$prefix/bin\` is on a file system that runs no programs (noexec), or this program is for another machine: $answer" ;;
    *) refuse "\`$origin\` is no gantry-installer that runs here: $answer" ;;
    esac
}

# Its manual and completions; then the receipt, which names all that there is, each with its digest.
companions() {
    share=$prefix/share
    pages=$share/man/man1 completions=$share/bash-completion/completions
    mkdir -p -- "$pages" "$completions"
    rm -f -- "$pages"/gantry-installer.1 "$pages"/gantry-installer-*.1
    "$program" man "$pages" >/dev/null 2>&1 || refuse "the manual cannot be written to \`$pages\`"
    "$program" completions bash >"$completions/gantry-installer"
    {
        echo "$program"
        echo "$completions/gantry-installer"
        find "$pages" -name 'gantry-installer*.1'
    } | while IFS= read -r installed; do echo "$(sha256 "$installed")  $installed"; done >"$receipt.new"
    mv -f -- "$receipt.new" "$receipt"
    say "its manual is in $pages, its completions in $completions; $receipt names all files"
}

search_path() {
    case :${PATH-}: in
    *:"$prefix/bin":*) ;;
    *) say "\`$prefix/bin\` is not in \$PATH" ;;
    esac
    first=$(command -v gantry-installer) || return 0
    [ "$first" = "$program" ] || say "another one is found before it: $first"
}

# The tool checks the signature of everything that it takes.
install_gantry() {
    config=${config:-/etc/gantry/installer.toml}
    [ -f "$config" ] || refuse "there is no configuration \`$config\` to install Gantry by; gantry-installer itself is installed"
    say "installing Gantry as $config says"
    "$program" --config "$config" install --yes
}

# ---- And away again

remove() {
    [ -f "$receipt" ] || refuse "nothing was installed in \`$prefix\` by this script: there is no \`$receipt\`"
    [ -w "$prefix/bin" ] || not_writable
    # Ends here where nothing computes a digest.
    sha256 "$receipt" >/dev/null
    say "removing what \`$receipt\` names, as far as it is what was installed:"
    while read -r expected installed; do
        # A receipt that somebody changed removes nothing elsewhere.
        case $installed in
        "$prefix"/*..*) continue ;;
        "$prefix"/*/gantry-installer*) ;;
        *) continue ;;
        esac
        [ -f "$installed" ] || continue
        if [ "$(sha256 "$installed")" = "$expected" ]; then
            rm -f -- "$installed"
            echo "  $installed" >&2
        else
            echo "  not $installed: it was changed since" >&2
        fi
    done <"$receipt"
    rm -f -- "$receipt"
    rmdir -- "${receipt%/*}" 2>/dev/null || true
    say "releases, databases and backups that it looked after are where they were"
}

# ---- Words

say() { # WORDS
    echo "install.sh: $1" >&2
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

main "$@"; exit; }
