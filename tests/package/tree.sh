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
    now_on_the_mirror >"$work/lists" || {
        # piuparts fetches from there as well.
        skip_all "the mirror $mirror does not answer; name another one in \$DEBIAN_MIRROR"
    }
    key=$(cat -- "$parts/tree.sh" "$work/sources" "$work/lists" | sha256sum | cut -c 1-32)
    tree=$cache/$key
    # Held as long as this process lives, so that nobody else removes the tree.
    exec 9>>"$cache/lock"
    flock --shared 9
    if [ -d "$tree" ]; then
        say "the root tree of $(date -u -r "$tree" +%Y-%m-%dT%H:%MZ) is what the mirror has now"
    else
        make_tree
    fi
}

make_tree() {
    say "making a root tree from Debian's packages"
    new=$cache/.new.$$
    mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" bookworm "$new" "$work/sources" \
        >"$work/mmdebstrap.log" 2>&1 || {
        cat -- "$work/mmdebstrap.log" >&2
        refuse "the root tree could not be made"
    }
    # One tree is kept, as others are of mirrors that have moved on; unless somebody works with them.
    if flock --exclusive --nonblock 9; then
        find "$cache" -mindepth 1 -maxdepth 1 -type d ! -path "$new" -exec rm -rf -- {} +
        mv -T -- "$new" "$tree"
    else
        mv -T -- "$new" "$tree" 2>/dev/null || rm -rf -- "$new"
    fi
    # Whether it was tried with success or not, the lock before is gone.
    flock --shared 9
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
        curl --silent --show-error --fail --retry 3 --max-time 60 "$mirror/$list/InRelease" || return
    done
}
