# shellcheck shell=sh disable=SC2034,SC2154 # names of the other parts
# What dpkg is told, and the package.

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
