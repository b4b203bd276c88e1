# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# How long the service is down for an upgrade by apt, and for the same one by the command. Printed, and held against nothing.

measure() {
    # In turns, so that both meet the same machine.
    for turn in 1 2 3 4 5; do
        for way in by_apt by_command; do
            situation=$way-$turn
            apart "$way" >"$work/measure.log" || {
                cat -- "$work/measure.log" >&2
                refuse "it could not be measured"
            }
            downtime "$memory/$situation" >>"$work/$way"
            rm -rf -- "${memory:?}/$situation" 2>/dev/null || true
        done
    done
    for way in by_apt by_command; do
        printf 'downtime of an upgrade %-12s %s ms (median of%s)\n' "$(echo "$way" | tr _ ' '):" \
            "$(median "$work/$way")" "$(tr '\n' ' ' <"$work/$way" | sed 's/^/ /; s/ $//')"
    done
    echo "apt takes $(($(median "$work/by_apt") - $(median "$work/by_command"))) ms more, and may take 100"
}

median() { # FILE
    sort -n "$1" | sed -n 3p
}

by_apt() {
    an_old_machine
    apt_install gantry=1.5.0
    keep_report
}

by_command() {
    an_old_machine
    # What makes it apt's matter.
    rm -- "$root/var/lib/gantry-installer/gantry/package.json"
    inside gantry-installer upgrade --to 1.5.0 --yes
    keep_report
}

keep_report() {
    is 1.5.0 6
    cp -- "$root"/var/lib/gantry-installer/gantry/runs/*-1.5.0/report.json "$place/report"
}

downtime() { # PLACE
    grep -o '"downtime_ms": *[0-9]*' "$1/report" | head -n 1 | grep -o '[0-9]*$'
}
