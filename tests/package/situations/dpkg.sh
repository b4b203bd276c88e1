# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# What happens to dpkg itself.

dpkg_killed_in_the_middle_goes_on_from_there() {
    an_old_machine
    stopped_at 60
    for program in apt-get dpkg gantry-installe; do
        inside pkill -KILL -x "$program" || true
    done
    try apt_install neighbour=1
    ends_with 100
    says "dpkg --configure -a"
    inside dpkg --configure -a
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

a_lock_that_somebody_holds_is_waited_for_or_nothing_is_done() {
    an_old_machine
    before=$(life)
    inside mkfifo /run/held /run/release
    inside python3 -c '
import fcntl
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
open("/run/held", "w").close()
open("/run/release").close()' &
    cat -- "/proc/$leader/root/run/held"
    try apt_install gantry=1.5.0
    ends_with 100
    says "Could not get lock"
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    apt_install -o DPkg::Lock::Timeout=60 gantry=1.5.0 &
    waiting=$!
    : >"/proc/$leader/root/run/release"
    wait "$waiting"
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

edits_of_the_configuration_stay() {
    an_old_machine
    edit_configuration
    apt_install gantry=1.5.0 </dev/null
    is 1.5.0 6
    grep -q '^# edited' "$root/etc/gantry/installer.toml" || failed "the edit is gone"
    dpkg_says installed 1.5.0
}

a_configuration_that_both_changed_ends_before_anything_is_touched() {
    an_old_machine
    edit_configuration
    before=$(life)
    try inside dpkg --install /srv/changed/gantry_1.5.0_amd64.deb
    ends_with 1
    dpkg_says unpacked 1.5.0
    is 1.4.1 4
    [ "$(life)" = "$before" ] || failed "the service was restarted"
    inside dpkg --force-confold --configure --pending
    is 1.5.0 6
    grep -q '^# edited' "$root/etc/gantry/installer.toml" || failed "the edit is gone"
    keeps_rows
    dpkg_says installed 1.5.0
}

