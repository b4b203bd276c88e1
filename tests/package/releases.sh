# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# The releases under test: archives, one signed manifest, a package of each, and an apt repository that keeps all of
# them. All of it is in `site`, which every machine sees as /srv.

# Version, schema, the schemas that it reads, what is wrong with it. In order: the manifest is written in this one.
releases() {
    cat <<'LIST'
1.4.1 4 4,6 -
1.5.0 6 4,6 -
1.5.1 6 4,6 never-healthy
1.5.2 6 4,6 migration-fails
1.6.0 7 7 barrier
1.7.0 8 8 -
2.0.0 105 105 import
LIST
}

make_site() {
    site=$work/site
    mkdir -p -- "$site/releases" "$site/packages"
    # As it is delivered, but for the time that a release has to become healthy.
    cp -R -- "$project/packaging/gantry" "$work/product"
    sed -i 's/^\[health\]$/&\ntimeout = "5s"/' "$work/product/installer.toml"
    manifest=$site/releases/gantry.toml
    say "making the releases, their packages and an apt repository"
    publish >"$work/releases.log" 2>&1 || {
        cat -- "$work/releases.log" >&2
        refuse "the releases could not be made"
    }
    # Side by side: what takes the time is the compression.
    releases | grep -v '^2' | cut -d ' ' -f 1 | xargs -P "$(nproc)" -n 1 "$project/packaging/build-deb.sh" --product "$work/product" --out "$site/packages" \
        --repository "$site/releases" --public-key "$work/release.key.pub" --url file:///srv/releases/gantry.toml \
        --installer "$programs/gantry-installer" --target "$target" --compression zstd --version >"$work/packages.log" 2>&1 || {
        cat -- "$work/packages.log" >&2
        refuse "a package could not be made"
    }
    small_package "$site/small"
    another_package 2.0.0 next file:///srv/releases/gantry.toml
    # 1.5.0 once more, with another configuration: what dpkg asks about where both it and the administrator changed the file.
    another_package 1.5.0 changed file:///srv/./releases/gantry.toml
    other_package 1
    other_package 2
    apt_repository >"$work/aptly.log" 2>&1 || {
        cat -- "$work/aptly.log" >&2
        refuse "the apt repository could not be made"
    }
}

publish() {
    "$programs/gantry-installer" manifest new --product gantry --manifest "$manifest"
    releases | while read -r version schema reads fault; do
        archive=gantry-$version-linux.tar.gz
        top=$work/gantry-$version
        mkdir -p -- "$top/bin" "$top/migrations"
        ln -- "$programs/gantry-node" "$top/bin/gantry"
        fill "$top" "$version" "$schema" "$reads" "$fault"
        tar -C "$work" -cf - "gantry-$version" | gzip -1n >"$site/releases/$archive"
        {
            echo
            echo '[[release]]'
            grep -E '^(version|schema|reads) ' "$top/release.toml"
            [ "$fault" != barrier ] || echo 'barrier = true'
            [ "$fault" != import ] || printf 'from = ">=1.7.0"\nimport = "import/from-v1"\n'
        } >>"$manifest"
        set --
        [ "$fault" != import ] || set -- --old-migrations "$project/migrations/v1"
        "$programs/gantry-installer" manifest add "$site/releases/$archive" --manifest "$manifest" \
            --target "$target" --url "$archive" "$@"
    done
    "$programs/gantry-installer" manifest sign --manifest "$manifest" --key "$work/release.key" --generate </dev/null
}

fill() { # DIRECTORY VERSION SCHEMA READS FAULT
    {
        echo "version = \"$2\""
        echo "schema = $3"
        echo "reads = [$4]"
        [ "$5" != never-healthy ] || echo "never_healthy = true"
    } >"$1/release.toml"
    of_major=$project/migrations/v${2%%.*}
    for migration in "$of_major"/*.sql; do
        number=$(basename -- "$migration" | sed 's/_.*//; s/^0*//')
        [ "$number" -gt "$3" ] || cp -- "$migration" "$1/migrations/"
    done
    if [ "$5" = import ]; then cp -R -- "$of_major/import" "$1/"; fi
    if [ "$5" = migration-fails ]; then
        # Right on an empty database, and so in every test of its makers.
        cat >>"$1/migrations/0006_add_uploads.up.sql" <<'SQL'
CREATE TABLE empty (rows INTEGER CHECK (rows = 0));
INSERT INTO empty SELECT count(*) FROM objects;
DROP TABLE empty;
SQL
    fi
}

# As it is delivered, in a form that Debian's own tools read; the others are made for speed. Sets `package`.
small_package() { # DIRECTORY
    package=$("$project/packaging/build-deb.sh" --version 1.5.0 --out "$1" --repository "$site/releases" \
        --public-key "$work/release.key.pub" --installer "$programs/gantry-installer" --target "$target" --compression gzip)
}

# One that is in a directory of its own, as not every machine is to know of it.
another_package() { # VERSION DIRECTORY URL
    "$project/packaging/build-deb.sh" --product "$work/product" --version "$1" --out "$site/$2" --repository "$site/releases" \
        --public-key "$work/release.key.pub" --url "$3" \
        --installer "$programs/gantry-installer" --target "$target" --compression zstd >>"$work/packages.log"
}

# What is updated beside ours.
other_package() { # VERSION
    mkdir -p -- "$work/neighbour/DEBIAN" "$work/neighbour/usr/share/neighbour"
    echo "$1" >"$work/neighbour/usr/share/neighbour/version"
    cat >"$work/neighbour/DEBIAN/control" <<CONTROL
Package: neighbour
Version: $1
Architecture: all
Maintainer: Gantry maintainers <maintainers@gantry.example>
Description: another package
CONTROL
    dpkg-deb --root-owner-group --build "$work/neighbour" "$site/packages/neighbour_$1_all.deb" >/dev/null
}

# aptly, because it keeps all versions: reprepro of Debian 12 keeps the newest alone.
apt_repository() {
    GNUPGHOME=$work/gnupg
    export GNUPGHOME
    mkdir -m 700 -- "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key repository@gantry.example ed25519 sign never
    gpg --export repository@gantry.example >"$site/keyring.gpg"
    echo "{ \"rootDir\": \"$work/aptly\", \"gpgProvider\": \"gpg\" }" >"$work/aptly.conf"
    distribution stable "$site/packages"
    distribution well "$site/packages/gantry_1.5.0_amd64.deb"
    distribution broken "$site/packages/gantry_1.5.2_amd64.deb"
    distribution next "$site/packages" "$site/next"
    distribution later "$site/packages/gantry_1.5.2_amd64.deb" "$site/packages/neighbour_2_all.deb"
    # Links would lead out of what the machines see.
    cp -rL -- "$work/aptly/public" "$site/apt"
    gpgconf --kill all
}

distribution() { # NAME FILE…
    aptly -config="$work/aptly.conf" repo create -distribution="$1" -component=main "$1"
    aptly -config="$work/aptly.conf" repo add "$@"
    aptly -config="$work/aptly.conf" publish repo -batch -origin=Gantry -label=Gantry "$1"
}
