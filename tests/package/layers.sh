# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154 # names of the other parts
# What most situations begin with, made once: a machine that knows the repository, and one where 1.4.1 has been
# installed by apt and has rows.

make_layers() {
    say "preparing a machine, and one with Gantry 1.4.1"
    for layer in prepare_fresh prepare_old; do
        apart "$layer" >"$work/layers.log" || {
            cat -- "$work/layers.log" >&2
            refuse "the machines could not be prepared"
        }
    done
}

prepare_fresh() {
    assemble layer-fresh
    rm -rf -- "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
    echo "deb [signed-by=/srv/keyring.gpg] file:/srv/apt stable main" >"$root/etc/apt/sources.list"
    # Nobody but the situation asks apt for anything.
    rm -f -- "$root"/etc/systemd/system/timers.target.wants/*
    without_systemd apt-get update
    umount "$root"
}

prepare_old() {
    assemble layer-old "$memory/layer-fresh"
    boot
    apt_install gantry=1.4.1
    write_rows "$work/acknowledged.log" --rate 500 --duration 1
    shut_down
    umount "$root"
}

# A machine that has never seen the package.
a_fresh_machine() {
    assemble "$situation" "$memory/layer-fresh"
    boot
}

# A machine that runs 1.4.1 with rows.
an_old_machine() {
    assemble "$situation" "$memory/layer-old" "$memory/layer-fresh"
    take_rows
    boot
    is 1.4.1 4
}

take_rows() {
    acknowledged=$place/acknowledged.log
    for end in '' .maybe; do
        [ ! -f "$work/acknowledged.log$end" ] || cp -- "$work/acknowledged.log$end" "$acknowledged$end"
    done
}
