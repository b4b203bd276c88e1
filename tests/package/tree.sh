# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# The root tree that the machines run on: Debian's own packages, made once and kept in the user's cache.
#
# Its name is the digest of what it is made from: this file, and the signed lists of the mirror as they are now. So a kept tree is what would be made now, or it is not used.

packages=systemd,systemd-sysv,dbus,adduser,procps,unattended-upgrades,curl,sqlite3

# Sets `tree`.
root_tree() {
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/gantry-installer/trees
    mkdir -p -- "$cache"
    sources >"$work/sources"
    key=$({
        cat -- "$parts/tree.sh" "$work/sources"
        now_on_the_mirror
    } | sha256sum | cut -c 1-32)
    tree=$cache/$key
    if [ -d "$tree" ]; then
        say "the root tree of $(date -u -r "$tree" +%Y-%m-%dT%H:%MZ) is what the mirror has now"
        return
    fi
    say "making a root tree from Debian's packages"
    rm -rf -- "$cache/new"
    mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" bookworm "$cache/new" "$work/sources" \
        >"$work/mmdebstrap.log" 2>&1 || {
        cat -- "$work/mmdebstrap.log" >&2
        refuse "the root tree could not be made"
    }
    # One tree is kept: others are of mirrors that have moved on.
    find "$cache" -mindepth 1 -maxdepth 1 ! -name new -exec rm -rf -- {} +
    mv -- "$cache/new" "$tree"
}

mirror=${DEBIAN_MIRROR:-http://deb.debian.org}

sources() {
    echo "deb $mirror/debian bookworm main"
    echo "deb $mirror/debian bookworm-updates main"
    echo "deb $mirror/debian-security bookworm-security main"
}

# The signed lists of each suite, which change with every package in it.
now_on_the_mirror() {
    for list in debian/dists/bookworm debian/dists/bookworm-updates debian-security/dists/bookworm-security; do
        curl --silent --show-error --fail --max-time 60 "$mirror/$list/InRelease" ||
            refuse "the mirror $mirror does not answer; name another one in \$DEBIAN_MIRROR"
    done
}
