# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# The first installation, and the one after a removal.

a_fresh_install_serves() {
    a_fresh_machine
    apt_install gantry=1.4.1
    is 1.4.1 4
    dpkg_says installed 1.4.1
    for unit in gantry.service gantry-recover.service gantry-activate.service; do
        [ "$(inside systemctl is-enabled "$unit")" = enabled ] || failed "$unit is not enabled"
    done
    [ "$(inside systemctl is-enabled gantry-upgrade.timer)" = disabled ] || failed "the timer is not disabled"
}

a_reinstall_and_a_reconfigure_change_nothing() {
    an_old_machine
    before=$(life)
    apt_install --reinstall gantry=1.4.1
    inside dpkg-reconfigure gantry
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    keeps_rows
    dpkg_says installed 1.4.1
}

a_removal_keeps_the_data_and_an_install_takes_it_up_again() {
    an_old_machine
    inside apt-get --yes remove gantry
    dpkg_says config-files 1.4.1
    inside systemctl is-active --quiet gantry.service && failed "the service still runs"
    [ ! -e "$root/usr/lib/gantry" ] || failed "something stayed: $(find "$root/usr/lib/gantry")"
    [ -f "$root/etc/gantry/installer.toml" ] || failed "the configuration is gone"
    keeps_rows
    apt_install gantry=1.4.1
    is 1.4.1 4
    keeps_rows
    dpkg_says installed 1.4.1
}

a_purge_keeps_the_backups_alone() {
    an_old_machine
    apt_install gantry=1.5.0
    try inside apt-get --yes purge gantry
    ends_with 0
    says "the backups of its database stay in /var/backups/gantry"
    for gone in /etc/gantry /usr/lib/gantry /var/lib/gantry /var/lib/gantry-installer /usr/bin/gantry-installer; do
        [ ! -e "$root$gone" ] || failed "\`$gone\` stayed: $(find "$root$gone")"
    done
    if (cd -- "$root/etc/systemd" && find . | grep gantry); then failed "links to the units stayed"; fi
    find "$root/var/backups/gantry" -name '*.db' | grep -q . || failed "there is no backup: $(find "$root/var/backups/gantry")"
    if inside dpkg-query --show gantry; then failed "dpkg still knows it"; fi
}
