# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# Releases that cannot run here. The machine stands at the old one; dpkg and apt say so, and nobody else is blocked.

a_release_that_is_never_healthy_leaves_the_old_one_running() {
    an_old_machine
    clients_write
    try apt_install gantry=1.5.1
    clients_stop
    ends_with 100
    is 1.4.1 4
    # It served for a while, without being well. What was written then is in a file of its own, and counted.
    keeps_rows "$root"/var/lib/gantry-installer/gantry/runs/*-1.5.1/report.json
    find "$root/var/backups/gantry" | grep -q abandoned || failed "what was written meanwhile is not kept"
    dpkg_says half-configured 1.5.1
}

a_migration_that_fails_never_stops_the_service() {
    an_old_machine
    before=$(life)
    try apt_install gantry=1.5.2
    ends_with 100
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    keeps_rows
    dpkg_says half-configured 1.5.2
}

while_it_is_held_other_packages_come_and_it_is_not_touched() {
    an_old_machine
    apt_install neighbour=1
    try apt_install gantry=1.5.2
    dpkg_says half-configured 1.5.2
    before=$(life)
    # apt tells of the held one each time, and does the other one all the same.
    try apt_install neighbour=2
    ends_with 100
    says "gantry"
    dpkg_says installed 2 neighbour
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    is 1.4.1 4
    dpkg_says half-configured 1.5.2
}

a_refusal_before_it_is_unpacked_lets_the_others_of_the_batch_come() {
    an_old_machine
    apt_install gantry=1.7.0
    apt_install neighbour=1
    from_repository next
    before=$(life)
    # One call of apt for both: 2.0.0 is refused, as nobody asked for another major.
    try inside apt-get --yes -o Dpkg::Use-Pty=0 dist-upgrade
    ends_with 100
    says "GANTRY_INSTALLER_MAJOR=2"
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    is 1.7.0 8
    dpkg_says installed 1.7.0
    # What apt did not get to it does the next time.
    inside apt-mark hold gantry
    inside apt-get --yes -o Dpkg::Use-Pty=0 dist-upgrade
    dpkg_says installed 2 neighbour
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    keeps_rows
}

unattended_upgrades_bring_others_while_it_is_held() {
    an_old_machine
    apt_install neighbour=1
    from_repository broken
    unattended
    inside unattended-upgrade --verbose && failed "it did not tell of the failure"
    dpkg_says half-configured 1.5.2
    before=$(life)
    # The next night, with an update of another package.
    from_repository later
    try inside unattended-upgrade --verbose
    dpkg_says installed 2 neighbour
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    is 1.4.1 4
    dpkg_says half-configured 1.5.2
}

a_held_release_is_tried_again_when_it_is_asked_for() {
    an_old_machine
    try apt_install gantry=1.5.2
    try inside dpkg --configure gantry
    ends_with 1
    runs=$(inside gantry-installer history | wc -l)
    # What was in its way.
    inside systemctl stop gantry.service
    inside sqlite3 "$database" 'PRAGMA foreign_keys = ON; DELETE FROM replicas; DELETE FROM objects;'
    inside systemctl start gantry.service
    inside env GANTRY_INSTALLER_RETRY=1 dpkg --configure gantry
    is 1.5.2 6
    dpkg_says installed 1.5.2
    [ "$(inside gantry-installer history | wc -l)" -gt "$runs" ] || failed "there was no other run"
}

from_half_configured_back_to_the_release_that_runs() {
    an_old_machine
    try apt_install gantry=1.5.1
    dpkg_says half-configured 1.5.1
    # What is written after the failure must not be lost by a second way back.
    write_rows "$acknowledged" --resume --rate 500 --duration 1
    before=$(life)
    apt_install gantry=1.4.1
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    keeps_rows
    dpkg_says installed 1.4.1
}

from_half_configured_on_to_a_release_that_is_well() {
    an_old_machine
    try apt_install gantry=1.5.1
    dpkg_says half-configured 1.5.1
    apt_install gantry=1.6.0
    is 1.6.0 7
    keeps_rows
    dpkg_says installed 1.6.0
}

where_it_is_so_configured_a_failure_is_put_off() {
    an_old_machine
    printf '\n[package]\non_failure = "defer"\n' >>"$root/etc/gantry/installer.toml"
    apt_install gantry=1.5.2
    is 1.4.1 4
    keeps_rows
    dpkg_says installed 1.5.2
}
