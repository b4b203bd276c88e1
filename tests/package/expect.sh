# shellcheck shell=sh
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
    *"\"schema\":$2"[,}]*) ;;
    *) failed "it answers \`$health\`, not schema $2" ;;
    esac
    inside gantry-installer verify || failed "\`gantry-installer verify\` finds something"
    if inside gantry-installer --json status | grep -q '"unfinished":"'; then failed "a run is unfinished"; fi
}

service_log() {
    inside journalctl --no-pager --lines=30 --unit='gantry*'
}

# Every row that was acknowledged is in the database.
keeps_rows() {
    "$programs/gantry-load" verify --database "/proc/$leader/root$database" --log "$acknowledged" >"$place/verify.json" ||
        failed "rows are missing: $(cat -- "$place/verify.json")"
    [ "$(sed -n 's/.*"looked_for": *\([0-9]*\).*/\1/p' "$place/verify.json")" -gt 100 ] ||
        failed "hardly a row was looked for: $(cat -- "$place/verify.json")"
}

# dpkg's state, as `dpkg-query` writes it, and its version.
dpkg_says() { # STATE VERSION [PACKAGE]
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
