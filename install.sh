#!/bin/sh
# gantry-installer from a checkout: a playground to try it in. See --help.
#
# Everything is in functions, and all of them are in one pair of braces that the last line closes: a copy of this file
# that was cut off anywhere does nothing.
{
set -eu

marker=.gantry-playground
marker_line="made by gantry-installer's install.sh --playground; it is emptied when the playground is made again"

main() {
    project=$(cd -- "$(dirname -- "$0")" && pwd -P)
    directory='' action='' load_pid=''
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            usage
            return
            ;;
        --playground)
            [ -n "$action" ] || action=make_playground
            ;;
        --stop) action=end_playground ;;
        -*) misused "there is no option \`$1\`" ;;
        *)
            [ -z "$directory" ] || misused "one directory is enough: \`$directory\` or \`$1\`"
            directory=$1
            ;;
        esac
        shift
    done
    if [ -z "$action" ]; then
        [ -z "$directory" ] || misused "say what to do with \`$directory\`"
        introduce
        return
    fi
    [ -n "$directory" ] || misused "name the playground's directory"
    "$action"
}

usage() {
    cat <<'END'
usage: ./install.sh --playground DIR          make a playground in DIR, or make it again, and upgrade in it
       ./install.sh --playground DIR --stop   end the service of the playground in DIR (--stop DIR is the same)
       ./install.sh --help

DIR must be new, empty, or an earlier playground. A playground is removed by ending its service and removing DIR.
END
}

introduce() {
    cat <<END
This is a checkout of gantry-installer. There is nothing to download: it is built from here.

  ./install.sh --playground DIR    see it work: Gantry 1.4 with some thousand rows is upgraded to 1.5, all inside DIR
  cargo install --locked --path .  build the installer and put it into cargo's directory of programs

Both need Rust (https://rustup.rs) and a C compiler.
END
}

make_playground() {
    require cargo "Rust, from https://rustup.rs"
    require cc "a C compiler, such as the package gcc"
    require setsid "the package util-linux"
    require flock "the package util-linux"
    [ -f "$project/Cargo.toml" ] || refuse "\`$project\` is no checkout of gantry-installer"
    claim
    build
    begin_afresh
    collect_programs
    publish
    configure
    trap give_up EXIT
    trap 'exit 130' INT TERM
    try_it
    trap - EXIT
    what_next
}

end_playground() {
    locate
    is_playground || refuse "\`$directory\` is no playground"
    stop_service
    say "the playground in $directory is stopped"
}

# ---- The directory: nothing of somebody else's is ever removed.

# Makes sure of the directory before anything is built.
claim() {
    case $directory in /*) ;; *) directory=$PWD/$directory ;; esac
    check_path "$directory"
    mkdir -p -- "$directory"
    locate
    is_playground && return
    [ -z "$(ls -A -- "$directory")" ] || refuse "\`$directory\` is not empty and is no playground; name another directory"
}

locate() {
    directory=$(cd -- "$directory" && pwd -P) || exit 3
    check_path "$directory"
}

# The path goes into shell scripts, a TOML file and URLs; none of these signs means itself in all of them.
check_path() { # PATH
    case $1 in
    *[\"\'\\\$\`%?#\&\|[:space:][:cntrl:]]*)
        refuse "\`$1\` has a space or a sign that a playground's path cannot have; name another directory"
        ;;
    esac
}

is_playground() {
    [ -f "$directory/$marker" ] && [ ! -L "$directory/$marker" ] &&
        [ "$(cat -- "$directory/$marker")" = "$marker_line" ]
}

# Removes what an earlier playground made, by name; what else is in the directory stays.
begin_afresh() {
    if is_playground; then
        stop_service
    fi
    echo "$marker_line" >"$directory/$marker"
    for made in backups bin data releases root state; do
        rm -rf -- "${directory:?}/$made"
    done
    for made in acknowledged.log acknowledged.log.maybe address gantry-installer gantry.log gantry.pid installer.toml \
        load.json release.key release.key.pub releases.log service service.lock verify.json; do
        rm -f -- "${directory:?}/$made"
    done
}

# ---- The programs and the releases

build() {
    say "building the installer and Gantry's reference node"
    # The dev profile: it is built in a minute, and its dependencies are optimised; the release profile, with its
    # optimisation across all crates, takes several.
    (cd -- "$project" && cargo build --locked --bin gantry-installer --example gantry-node --example gantry-load)
    built=$(cd -- "$project" && cargo metadata --locked --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug
    triple=$(cargo -vV | sed -n 's/^host: //p')
}

# Copies, so that the playground goes on working when the checkout changes.
collect_programs() {
    mkdir -- "$directory/bin" "$directory/data"
    copy_program "$built/gantry-installer" gantry-installer
    copy_program "$built/examples/gantry-load" gantry-load
    copy_program "$built/examples/gantry-node" gantry-node
}

copy_program() { # FILE NAME
    cp -- "$1" "$directory/bin/$2"
    # Debugging information would only make the archives larger.
    strip -- "$directory/bin/$2" 2>/dev/null || true
}

publish() {
    say "making a signed release repository in $directory/releases"
    "$project/packaging/make-repository.sh" --installer "$directory/bin/gantry-installer" \
        --program "$directory/bin/gantry-node" --target "$triple" \
        --key "$directory/release.key" --out "$directory/releases" >"$directory/releases.log" 2>&1 || {
        cat -- "$directory/releases.log" >&2
        refuse "the release repository could not be made"
    }
}

configure() {
    port=$("$directory/bin/gantry-load" free-port)
    url=http://127.0.0.1:$port
    public_key=$(sed -n 2p "$directory/release.key.pub")
    installer_config >"$directory/installer.toml"
    cp -- "$project/packaging/playground/service" "$directory/service"
    echo "127.0.0.1:$port" >"$directory/address"
    wrapper_script >"$directory/gantry-installer"
    chmod 755 "$directory/service" "$directory/gantry-installer"
}

installer_config() {
    cat <<END
product = "gantry"

[install]
root = "$directory/root"
state = "$directory/state"

[manifest]
url = "file://$directory/releases/gantry.toml"
keys = ["$public_key"]

[database]
url = "sqlite:$directory/data/gantry.db"
format = "golang-migrate"
foreign_keys = true

[service]
manager = "command"
start = ["$directory/service", "start"]
stop = ["$directory/service", "stop"]
status = ["$directory/service", "status"]
pid_file = "$directory/gantry.pid"

[health]
url = "$url/healthz"

[backup]
dir = "$directory/backups"
END
}

wrapper_script() {
    cat <<END
#!/bin/sh
exec "$directory/bin/gantry-installer" --config "$directory/installer.toml" "\$@"
END
}

stop_service() {
    if [ -x "$directory/service" ]; then "$directory/service" stop; fi
}

# ---- The play

try_it() {
    say "installing Gantry 1.4 and starting it at $url"
    "$directory/gantry-installer" install --to 1.4 --yes
    say "writing rows for a few seconds"
    load --rate 1000 --duration 4 >"$directory/load.json"
    say "upgrading to 1.5, while clients go on writing"
    begin_load
    "$directory/gantry-installer" upgrade --to 1.5 --yes
    await_writes
    stop_load
    say "comparing the database with every write that was acknowledged"
    "$directory/bin/gantry-load" verify --database "$directory/data/gantry.db" \
        --log "$directory/acknowledged.log" >"$directory/verify.json" || {
        cat -- "$directory/verify.json" >&2
        refuse "some writes that were acknowledged are missing"
    }
    say "all $(number looked_for verify.json) are there; the clients had no answer for $(number longest_gap_ms load.json) ms at the longest"
}

number() { # KEY FILE
    sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$directory/$2"
}

load() { # OPTION…
    "$directory/bin/gantry-load" --url "$url" --log "$directory/acknowledged.log" "$@"
}

begin_load() {
    # Not by way of `load`: the signal that ends it must find the program, not a shell around it.
    "$directory/bin/gantry-load" --url "$url" --log "$directory/acknowledged.log" \
        --resume --rate 200 --until-stopped >"$directory/load.json" &
    load_pid=$!
    await_writes
}

# Before and after the upgrade: else the clients would not see it.
await_writes() {
    before=$(acknowledged)
    until [ "$(acknowledged)" -ge $((before + 100)) ]; do
        kill -0 "$load_pid" 2>/dev/null || refuse "the clients ended before they wrote anything"
        sleep 0.05
    done
}

acknowledged() {
    wc -l <"$directory/acknowledged.log"
}

stop_load() {
    [ -n "$load_pid" ] || return 0
    kill -TERM "$load_pid" 2>/dev/null || true
    wait "$load_pid" || true
    load_pid=''
}

give_up() {
    stop_load
    say "it ended half-way; to end what runs: $project/install.sh --playground $directory --stop"
}

what_next() {
    cat <<END

Gantry 1.5 runs at $url ($url/stats counts its rows). What to try next:

  $directory/gantry-installer status
  $directory/gantry-installer rollback --dry-run    what each way back to 1.4 would lose
  $directory/gantry-installer rollback              back to 1.4
  $directory/gantry-installer upgrade --to 1.7      to the newest 1.x, by way of 1.6, which cannot be left out
  $directory/gantry-installer upgrade --to 2        to 2.0, whose database is made anew; \`rollback\` brings the old one back
  kill -9 the installer in the middle of an upgrade, then: $directory/gantry-installer recover

Where a message names \`gantry-installer\`, here that is $directory/gantry-installer, which knows its configuration.

  $project/install.sh --playground $directory           begin afresh
  $project/install.sh --playground $directory --stop    end it
END
}

# ---- Words

require() { # PROGRAM WHERE-FROM
    command -v "$1" >/dev/null || refuse "there is no \`$1\`; it comes with $2"
}

say() { # WORDS
    echo "playground: $1" >&2
}

refuse() { # WORDS
    echo "install.sh: $1" >&2
    exit 3
}

misused() { # WORDS
    echo "install.sh: $1" >&2
    usage >&2
    exit 2
}

main "$@"; }
