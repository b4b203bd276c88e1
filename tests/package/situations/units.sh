# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# What comes with the package for hosts where no package brings the releases; and all units as systemd sees them.

the_upgrade_unit_leaves_the_release_to_apt() {
    an_old_machine
    before=$(life)
    inside systemctl start gantry-upgrade.service || failed "the unit failed: $(service_log)"
    service_log | grep -q 'apt' || failed "it does not say what to do: $(service_log)"
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
}

the_upgrade_unit_holds_the_machine_up_while_it_works() {
    an_old_machine
    upgrade_unit_stopped_at 30
    inside systemd-inhibit --list --no-pager | grep '^gantry .* shutdown .* block$' || failed "nothing holds it up: $(inside systemd-inhibit --list)"
    inside systemctl kill --signal=CONT gantry-upgrade.service
    eventually upgrade_unit_is inactive
    is 1.7.0 8
    if inside systemd-inhibit --list --no-pager | grep '^gantry '; then failed "it is held up still"; fi
    keeps_rows
}

a_stop_of_the_upgrade_unit_in_the_downtime_ends_in_old_or_new() {
    an_old_machine
    upgrade_unit_stopped_at 245
    in_the_downtime || failed "it is not in the downtime"
    # Returns when all of the unit has ended, however long that takes.
    inside systemctl stop gantry-upgrade.service
    upgrade_unit_is inactive || upgrade_unit_is failed || failed "it still works"
    is_old_or_new
    keeps_rows
}

systemd_finds_nothing_wrong_with_the_units() {
    an_old_machine
    inside systemd-analyze verify --man=no gantry.service gantry-recover.service gantry-activate.service \
        gantry-crashed.service gantry-upgrade.service gantry-upgrade.timer
    inside systemd-analyze security --no-pager --threshold=20 gantry.service
}
