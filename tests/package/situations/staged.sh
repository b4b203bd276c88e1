# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# Where no service may be started or stopped: it is staged, and activated at the next boot.

a_policy_that_forbids_it_leaves_the_old_release_until_the_next_boot() {
    an_old_machine
    forbid
    before=$(life)
    apt_install gantry=1.5.0
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    dpkg_says installed 1.5.0
    reboot
    is 1.5.0 6
    keeps_rows
}

a_fresh_install_under_such_a_policy_serves_after_the_next_boot() {
    a_fresh_machine
    forbid
    apt_install gantry=1.4.1
    dpkg_says installed 1.4.1
    inside systemctl is-active --quiet gantry.service && failed "the service runs"
    reboot
    is 1.4.1 4
}

an_image_that_is_built_without_systemd_serves_when_it_boots() {
    assemble "$situation" "$memory/layer-fresh"
    without_systemd apt-get --yes install gantry=1.4.1
    boot
    is 1.4.1 4
    dpkg_says installed 1.4.1
}

an_upgrade_of_a_tree_without_systemd_is_done_when_it_boots() {
    assemble "$situation" "$memory/layer-old" "$memory/layer-fresh"
    take_rows
    without_systemd apt-get --yes install gantry=1.5.0
    [ "$(readlink -- "$root/usr/lib/gantry/current")" = versions/1.4.1 ] || failed "something was switched"
    boot
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

a_tree_that_is_built_from_outside_serves_when_it_boots() {
    assemble "$situation" "$memory/layer-fresh"
    # No script runs in the tree: dpkg passes $DPKG_ROOT.
    for version in 1.4.1 1.5.0; do
        dpkg --root="$root" --force-script-chrootless --install "$site/packages/gantry_${version}_amd64.deb"
    done
    [ ! -e "$root/usr/lib/gantry/current" ] || failed "something was activated"
    boot
    is 1.5.0 6
    dpkg_says installed 1.5.0
}

an_upgrade_from_outside_is_done_when_it_boots() {
    assemble "$situation" "$memory/layer-old" "$memory/layer-fresh"
    take_rows
    dpkg --root="$root" --force-script-chrootless --install "$site/packages/gantry_1.5.0_amd64.deb"
    [ "$(readlink -- "$root/usr/lib/gantry/current")" = versions/1.4.1 ] || failed "something was switched"
    boot
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}
