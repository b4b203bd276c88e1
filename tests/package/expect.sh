# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# What is done on a machine, and what is expected of it. Whoever expects in vain ends the situation.

address=http://127.0.0.1:8080
database=/var/lib/gantry/gantry.db

apt_install() { # PACKAGE…
    inside apt-get --yes -o Dpkg::Use-Pty=0 --allow-downgrades install "$@" 2>&1
}

# Sets `answer` to what was said, and `status`.
try() { # COMMAND…
    status=0
    answer=$("$@" 2>&1) || status=$?
    echo "$answer"
}

# The client runs here, with the machine's loopback.
write_rows() { # LOG OPTION…
    rows_log=$1
    shift
    nsenter -t "$leader" -n "$programs/gantry-load" --url "$address" --log "$rows_log" "$@" >"$place/load.json"
}

# All of the release: the link, the process, what it answers, the database, and what dpkg thinks is another matter.
is() { # VERSION SCHEMA
    [ "$(readlink -- "$root/usr/lib/gantry/current")" = "versions/$1" ] ||
        failed "current is \`$(readlink -- "$root/usr/lib/gantry/current")\`, not $1"
    inside systemctl is-active --quiet gantry.service || failed "the service is not active: $(service_log)"
    health=$(inside curl --silent --show-error --fail "$address/healthz") || failed "the service does not answer: $(service_log)"
    case $health in
    *"\"version\":\"$1\""*) ;;
    *) failed "it answers \`$health\`, not $1" ;;
    esac
    case $health in
    *"\"schema\":$2,"* | *"\"schema\":$2}"*) ;;
    *) failed "it answers \`$health\`, not schema $2" ;;
    esac
    inside gantry-installer verify || failed "\`gantry-installer verify\` finds something"
    if inside gantry-installer --json status | grep -q '"unfinished":"'; then failed "a run is unfinished"; fi
}

service_log() {
    inside journalctl --no-pager --lines=30 --unit='gantry*'
}

# Every row that was acknowledged is in the database, but for those that the loss of a run names.
keeps_rows() { # [REPORT OF THE RUN]
    "$programs/gantry-load" verify --database "$root$database" --log "$acknowledged" ${1:+--loss "$1"} \
        >"$place/verify.json" || failed "rows are missing: $(cat -- "$place/verify.json")"
    [ "$(sed -n 's/.*"looked_for": *\([0-9]*\).*/\1/p' "$place/verify.json")" -gt 100 ] ||
        failed "hardly a row was looked for: $(cat -- "$place/verify.json")"
}

# dpkg's state, as `dpkg-query` writes it, and its version.
dpkg_says() { # STATE VERSION [PACKAGE]
    # shellcheck disable=SC2016 # for dpkg-query
    said=$(inside dpkg-query --show --showformat='${db:Status-Status} ${Version}' "${3:-gantry}") || said=nothing
    [ "$said" = "$1 $2" ] || failed "dpkg says \`$said\`, not \`$1 $2\`"
}

# When the service's main process began: what was not restarted has the same one.
life() {
    inside systemctl show --property=MainPID,ExecMainStartTimestampMonotonic --value gantry.service | tr '\n' ' '
}

says() { # WORDS in `answer`
    case $answer in
    *"$1"*) ;;
    *) failed "it did not say \`$1\`" ;;
    esac
}

ends_with() { # STATUS
    [ "$status" -eq "$1" ] || failed "it ended with $status, not $1"
}

failed() { # WORDS
    echo "FAILED: $1"
    exit 1
}

# ---- What happens on a machine

# Clients that write until they are stopped, and have written when this returns.
clients_write() {
    nsenter -t "$leader" -n "$programs/gantry-load" --url "$address" --log "$acknowledged" --resume --rate 200 \
        --until-stopped >"$place/load.json" &
    clients=$!
    written=$(wc -l <"$acknowledged")
    eventually more_rows_than $((written + 50))
}

# They have written again since.
clients_stop() {
    written=$(wc -l <"$acknowledged")
    eventually more_rows_than $((written + 50))
    kill "$clients"
    wait "$clients"
}

more_rows_than() { # NUMBER
    [ "$(wc -l <"$acknowledged")" -gt "$1" ]
}

# A poll of 5 ms, for a minute at the most.
eventually() { # COMMAND…
    until_then=$(($(date +%s) + 60))
    until "$@"; do
        [ "$(date +%s)" -lt "$until_then" ] || failed "in vain: $*: $(service_log)"
        sleep 0.005
    done
}

# apt knows `stable` with all releases, `well` with 1.5.0, `broken` with 1.5.2, or `later` with 1.5.2 and the neighbour's 2.
from_repository() { # DISTRIBUTION
    echo "deb [signed-by=/srv/keyring.gpg] file:/srv/apt $1 main" >"$root/etc/apt/sources.list"
    inside apt-get update
}

unattended() {
    echo 'Unattended-Upgrade::Origins-Pattern { "origin=Gantry"; };' \
        >"$root/etc/apt/apt.conf.d/99gantry"
}

edit_configuration() {
    echo '# edited here' >>"$root/etc/gantry/installer.toml"
}

forbid() {
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
}

on_probation() {
    sed -i 's/^\[health\]$/&\nprobation = "1h"/' "$root/etc/gantry/installer.toml"
}

# For good: without a restart one crash is what else takes five of them.
crash() {
    inside sh -c 'mkdir -p /run/systemd/system/gantry.service.d
        printf "[Service]\nRestart=no\n" >/run/systemd/system/gantry.service.d/test.conf'
    inside systemctl daemon-reload
    inside systemctl kill --signal=KILL --kill-whom=main gantry.service
}

is_at() { # VERSION
    [ "$(readlink -- "$root/usr/lib/gantry/current")" = "versions/$1" ] && [ -z "$(inside systemctl list-jobs --no-legend)" ] &&
        [ "$(inside systemctl show --property=ActiveState --value gantry-crashed.service)" != activating ]
}

has_reported() {
    [ "$(inside systemctl show --property=ExecMainExitTimestampMonotonic --value gantry-crashed.service)" != 0 ] &&
        [ "$(inside systemctl show --property=ActiveState --value gantry-crashed.service)" != activating ]
}

# What makes the upgrade apt's matter goes, and the unit's installer stands still before its NUMBERth change.
upgrade_unit_stopped_at() { # NUMBER
    rm -- "$root/var/lib/gantry-installer/gantry/package.json"
    inside sh -c "mkdir -p /run/systemd/system/gantry-upgrade.service.d
        printf '[Service]\nEnvironment=\"GANTRY_INSTALLER_SIGNAL_AT=$1 19\"\n' >/run/systemd/system/gantry-upgrade.service.d/test.conf"
    inside systemctl daemon-reload
    inside systemctl start --no-block gantry-upgrade.service
    eventually stands_still
}

upgrade_unit_is() { # STATE
    [ "$(inside systemctl show --property=ActiveState --value gantry-upgrade.service)" = "$1" ]
}

# apt upgrades to 1.5.0, and the installer stands still before its NUMBERth change.
stopped_at() { # NUMBER
    inside env GANTRY_INSTALLER_SIGNAL_AT="$1 19" apt-get --yes -o Dpkg::Use-Pty=0 install gantry=1.5.0 &
    eventually stands_still
}

stands_still() {
    # The kernel keeps fifteen bytes of a name.
    inside pgrep --runstates T,t -x gantry-installe
}

cut_at() { # NUMBER PHASE
    an_old_machine
    before=$(life)
    stopped_at "$1"
    "$2" || failed "before change $1 it is not $2: $(life)"
    cut_power
    boot
    is_old_or_new
    keeps_rows
    inside dpkg --configure -a
    is 1.5.0 6
    keeps_rows
    dpkg_says installed 1.5.0
}

# Where a run stands still, by what is seen from outside of it.
before_the_stop() {
    [ "$(life)" = "$before" ]
}

in_the_downtime() {
    ! inside systemctl is-active --quiet gantry.service
}

after_the_start() {
    inside systemctl is-active --quiet gantry.service && [ "$(life)" != "$before" ]
}

is_old_or_new() {
    case $(readlink -- "$root/usr/lib/gantry/current") in
    versions/1.4.1) is 1.4.1 4 ;;
    versions/1.5.0) is 1.5.0 6 ;;
    versions/1.6.0) is 1.6.0 7 ;;
    versions/1.7.0) is 1.7.0 8 ;;
    *) failed "current is neither" ;;
    esac
}
