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

another_major_comes_only_when_it_is_asked_for() {
    an_old_machine
    apt_install gantry=1.7.0
    from_repository next
    before=$(life)
    try apt_install gantry=2.0.0
    ends_with 100
    says "GANTRY_INSTALLER_MAJOR=2"
    is 1.7.0 8
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    dpkg_says installed 1.7.0
    inside env GANTRY_INSTALLER_MAJOR=2 apt-get --yes -o Dpkg::Use-Pty=0 install gantry=2.0.0
    is 2.0.0 105
    keeps_rows
    dpkg_says installed 2.0.0
}
