# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# A throw-away machine: real systemd as PID 1 on a root tree that it cannot change, with a loopback of its own.
#
# A layer is a directory of changes to the tree. A machine has layers below it, shared by all, and one of its own above,
# in memory. Its file system outlives its power: what is cut off can be booted again.

# Mounts the machine's file system. Sets `root`.
assemble() { # NAME LAYER… (the newest first)
    place=$memory/$1 root=$memory/$1/root
    shift
    mkdir -p -- "$place/changes" "$place/overlay" "$root"
    below=''
    for layer; do below=$below$layer/changes:; done
    mount -t overlay -o "lowerdir=$below$tree,upperdir=$place/changes,workdir=$place/overlay" overlay "$root"
}

# Boots it and waits until systemd has started everything. Sets `leader`, whose namespaces are the machine's.
boot() {
    log=$place/console
    (
        # A group of its own: else all machines would share the groups of their units.
        for hierarchy in $(hierarchies); do
            mkdir -p -- "$hierarchy/$group"
            sh -c "echo \$PPID" >"$hierarchy/$group/cgroup.procs"
        done
        exec systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --machine="$group" \
            --private-network --console=pipe --bind-ro="$site:/srv" --boot </dev/null >"$log" 2>&1
    ) &
    nspawn=$!
    echo "$nspawn" >"$place/pid"
    leader='' turns=0
    until has_systemd; do patience; done
    # It says `running`, or `degraded` where a unit failed; what matters is looked at by whoever booted it.
    state=$(inside systemctl is-system-running --wait) || true
    case $state in
    running | degraded) ;;
    *) failed "the machine is \`$state\`: $(cat -- "$log")" ;;
    esac
}

# The container's first process begins as a copy of systemd-nspawn.
has_systemd() {
    leader=$(pgrep -P "$nspawn" | head -n 1) || true
    [ -n "$leader" ] && [ "$(readlink -- "/proc/$leader/exe")" = /usr/lib/systemd/systemd ] &&
        [ -S "/proc/$leader/root/run/systemd/private" ]
}

# A poll of 5 ms, for a minute at the most.
patience() {
    turns=$((turns + 1))
    if [ "$turns" -gt 12000 ] || ! kill -0 "$nspawn" 2>/dev/null; then
        failed "the machine does not start: $(cat -- "$log")"
    fi
    sleep 0.005
}

hierarchies() {
    if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
        echo /sys/fs/cgroup
    else
        for name in systemd unified pids memory; do
            [ ! -d "/sys/fs/cgroup/$name" ] || echo "/sys/fs/cgroup/$name"
        done
    fi
}

inside() { # COMMAND…
    nsenter -t "$leader" -m -u -i -n -p -C -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 "$@"
}

# A tree in which no systemd runs, as when an image is built.
without_systemd() { # COMMAND…
    systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --machine="$group" --private-network \
        --console=pipe --bind-ro="$site:/srv" --as-pid2 env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

shut_down() {
    # SIGRTMIN+4: systemd powers the machine off.
    kill -38 "$leader"
    wait "$nspawn" || true
    remove_group
}

# All of it at once, as when the power goes: nothing gets to say a word.
cut_power() {
    kill -s KILL "$leader"
    wait "$nspawn" 2>/dev/null || true
    remove_group
}

reboot() {
    shut_down
    boot
}

group="gantry-test-$$"

remove_group() {
    for hierarchy in $(hierarchies); do
        [ ! -d "$hierarchy/$group" ] || find "$hierarchy/$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}

# Whatever state it is in.
dismantle() {
    if [ -n "${nspawn-}" ] && kill -0 "$nspawn" 2>/dev/null; then
        kill -s KILL "$leader" 2>/dev/null || kill -s KILL "$nspawn" 2>/dev/null || true
        wait "$nspawn" 2>/dev/null || true
    fi
    remove_group
    [ -z "${root-}" ] || umount "$root" 2>/dev/null || true
}
