# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# The package as Debian looks at packages.

the_same_input_gives_the_same_bytes() {
    small_package "$work/twice"
    cmp "$package" "$site/small/${package##*/}"
    rm -r -- "$work/twice"
}

lintian_finds_nothing() {
    # Overrides are in the package, each with its reason.
    lintian --fail-on error,warning --allow-root "$site/small/gantry_1.5.0_amd64.deb"
}

piuparts_finds_nothing() {
    piuparts --existing-chroot="$tree" --mirror "$mirror/debian main" --distribution bookworm --no-eatmydata \
        --skip-logrotatefiles-test --log-level=error "$site/small/gantry_1.5.0_amd64.deb"
}
