# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# The way down: by the newer package's prerm, or not at all.

a_downgrade_that_loses_nothing_is_done() {
    an_old_machine
    apt_install gantry=1.5.0
    write_rows "$acknowledged" --resume --rate 500 --duration 1
    apt_install gantry=1.4.1
    # 1.4.1 runs on the schema of 1.5.0.
    is 1.4.1 6
    keeps_rows
    dpkg_says installed 1.4.1
}

and_up_again_after_a_downgrade() {
    an_old_machine
    apt_install gantry=1.5.0
    apt_install gantry=1.4.1
    apt_install gantry=1.5.0
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

a_downgrade_that_loses_something_is_refused_with_the_command_for_it() {
    an_old_machine
    apt_install gantry=1.6.0
    write_rows "$acknowledged" --resume --rate 500 --duration 1
    before=$(life)
    try apt_install gantry=1.4.1
    ends_with 100
    says "gantry-installer --config /etc/gantry/installer.toml rollback"
    is 1.6.0 7
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    keeps_rows
    dpkg_says installed 1.6.0
}

a_rollback_by_hand_is_left_alone_by_apt() {
    an_old_machine
    apt_install gantry=1.5.0
    inside gantry-installer rollback --yes
    is 1.4.1 6
    before=$(life)
    apt_install --reinstall gantry=1.5.0
    is 1.4.1 6
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    keeps_rows
}
