# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# Power cuts, crashes, and the units that deal with them.

a_power_cut_before_the_stop_leaves_the_old_release() {
    cut_in before-the-stop 70
}

a_power_cut_in_the_downtime_ends_in_old_or_new() {
    cut_in in-the-downtime 163
}

a_power_cut_late_in_the_run_ends_in_old_or_new() {
    cut_in after-the-start 205
}

a_crash_on_probation_brings_the_old_release_back() {
    an_old_machine
    on_probation
    apt_install gantry=1.5.0
    is 1.5.0 6
    crash
    eventually is_at 1.4.1
    inside systemctl is-failed --quiet gantry-crashed.service && failed "the handler failed: $(service_log)"
    is 1.4.1 6
    keeps_rows
    dpkg_says installed 1.5.0
}

a_crash_after_it_was_confirmed_is_only_reported() {
    an_old_machine
    on_probation
    apt_install gantry=1.5.0
    inside gantry-installer confirm
    crash
    eventually has_reported
    is_at 1.5.0 || failed "it went back"
    inside systemctl is-failed --quiet gantry.service || failed "the service has not failed"
}

data_that_the_release_does_not_read_is_refused_and_not_tried_again() {
    an_old_machine
    on_probation
    apt_install gantry=1.5.0
    inside systemctl stop gantry.service
    inside sqlite3 "$database" 'UPDATE schema_migrations SET version = 9'
    inside systemctl start gantry.service && failed "it started"
    eventually has_reported
    [ "$(inside systemctl show --property=ExecMainStatus --value gantry.service)" = 78 ] || failed "it did not end with 78"
    [ "$(inside systemctl show --property=NRestarts --value gantry.service)" = 0 ] || failed "it was tried again"
    is_at 1.5.0 || failed "it went back"
}

a_crash_on_probation_after_a_boot_is_only_reported() {
    an_old_machine
    on_probation
    apt_install gantry=1.5.0
    reboot
    is 1.5.0 6
    crash
    eventually has_reported
    service_log | grep -q 'gantry-installer --config [^ ]* rollback --dry-run' || failed "it does not say what to do: $(service_log)"
    is_at 1.5.0 || failed "it went back"
    inside systemctl start gantry.service
    is 1.5.0 6
    keeps_rows
}
