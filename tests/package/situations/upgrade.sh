# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# The way up.

an_upgrade_moves_program_and_rows_while_clients_write() {
    an_old_machine
    clients_write
    apt_install gantry=1.5.0
    clients_stop
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

an_upgrade_over_a_barrier_goes_through_it() {
    an_old_machine
    # Not by name: 1.7.0 is the newest.
    inside apt-get --yes -o Dpkg::Use-Pty=0 upgrade
    is 1.7.0 8
    keeps_rows
    dpkg_says installed 1.7.0
    inside gantry-installer history | grep -q '1\.6\.0' || failed "it did not go through 1.6.0"
}

unattended_upgrades_move_it() {
    an_old_machine
    from_repository well
    unattended
    inside unattended-upgrade --verbose
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

the_upgrade_unit_leaves_the_release_to_apt() {
    an_old_machine
    before=$(life)
    inside systemctl start gantry-upgrade.service || failed "the unit failed: $(service_log)"
    service_log | grep -q 'apt' || failed "it does not say what to do: $(service_log)"
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
}
