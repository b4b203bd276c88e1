# shellcheck shell=sh
# shellcheck disable=SC2154 # $project and $work are set by whoever reads this in
# A machine of its own on which Gantry 1.4 is installed, for the scripts that measure. They have read in table.sh before.

build() {
    release_build "${INSTALLER-}"
    (cd -- "$project" && cargo build --locked --example gantry-node --example gantry-load) >&2
    load=$(built)/debug/examples/gantry-load
    triple=$(cargo -vV | sed -n 's/^host: //p')
    cp -- "$(built)/debug/examples/gantry-node" "$work/node"
    strip -- "$work/node" 2>/dev/null || true
}

world() { # DIRECTORY NODE
    world=$1 service=$1/service
    mkdir -p -- "$world/data" "$world/backups"
    "$project/packaging/make-repository.sh" --installer "$installer" --program "$2" --target "$triple" \
        --key "$world/release.key" --out "$world/releases" --only 1.4.0 --only 1.5.0 2>/dev/null
    address=127.0.0.1:$("$load" free-port)
    echo "$address" >"$world/address"
    cp -- "$project/packaging/playground/service" "$service"
    configuration >"$world/installer.toml"
    run install --to 1.4.0 --yes
}

configuration() {
    cat <<END
product = "gantry"
[install]
root = "$world/root"
state = "$world/state"
[manifest]
url = "$world/releases/gantry.toml"
keys = ["$(sed -n 2p "$world/release.key.pub")"]
[database]
url = "sqlite:$world/data/gantry.db"
format = "golang-migrate"
foreign_keys = true
[service]
manager = "command"
start = ["$service", "start"]
stop = ["$service", "stop"]
status = ["$service", "status"]
pid_file = "$world/gantry.pid"
[health]
url = "http://$address/healthz"
[backup]
dir = "$world/backups"
keep = 1
END
}

# Objects with keys of 900 bytes, each of them in the table and in two indexes, until the file has that size.
seed() { # MEBIBYTES
    "$service" stop
    sqlite3 -bail "$world/data/gantry.db" >/dev/null <<END
PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;
BEGIN;
INSERT INTO buckets (id, name, created_at) VALUES ('01J00000000000000000000000', 'seeded', 1);
WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < $1 * 1048576 / 3100)
INSERT INTO objects (id, bucket_id, key, state, size, etag, created_at, committed_at)
SELECT '01J' || printf('%023d', n), '01J00000000000000000000000', printf('%0900d', n), 'committed', n, 'etag', n, n
FROM series;
COMMIT;
PRAGMA journal_mode = WAL;
END
    sync "$world/data/gantry.db"
}

begin_load() {
    rm -f -- "$world/acknowledged.log" "$world/acknowledged.log.maybe"
    "$load" --url "http://$address" --log "$world/acknowledged.log" --rate 500 --until-stopped >"$world/load.json" &
    load_pid=$!
    sleep 2
}

# How many writes were acknowledged.
acknowledged() {
    if [ -e "$world/acknowledged.log" ]; then wc -l <"$world/acknowledged.log"; else echo 0; fi
}

stop_load() {
    [ -n "$load_pid" ] || return 0
    kill -TERM "$load_pid" 2>/dev/null || true
    wait "$load_pid" || true
    load_pid=''
}

stop_service() {
    if [ -x "${service-}" ]; then "$service" stop; fi
}
