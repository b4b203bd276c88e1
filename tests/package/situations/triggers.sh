# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# Units that would start the service by themselves.

a_socket_that_clients_knock_at_is_stopped_before_the_service_and_started_after_it() {
    an_old_machine
    cat >"$root/etc/systemd/system/gantry.socket" <<'UNIT'
[Socket]
ListenStream=127.0.0.1:8081
Service=gantry.service
UNIT
    inside systemctl daemon-reload
    inside systemctl stop gantry.service
    inside systemctl start gantry.socket gantry.service
    while :; do nsenter -t "$leader" -n curl --silent --max-time 1 http://127.0.0.1:8081/ || true; done >"$place/knocks" 2>&1 &
    clients=$!
    apt_install gantry=1.5.0 || failed "$(inside journalctl --no-pager --unit=gantry.socket --unit=gantry.service | tail -60)"
    kill "$clients"
    is 1.5.0 6
    keeps_rows
    inside systemctl is-active --quiet gantry.socket || failed "the socket is not there any more"
    [ "$(inside systemctl show --property=NRestarts --value gantry.service)" = 0 ] || failed "it was started by others"
}
