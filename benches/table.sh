# shellcheck shell=sh
# shellcheck disable=SC2154 # $project, $work and $world are set by whoever reads this in
# What all scripts that measure share: the program, its stopwatch, times that take turns, words and numbers. They set
# $project, the checkout, $work, a directory that is removed in the end, and $world, where a product is installed.

# The release build, in $installer, unless the caller names another one.
release_build() { # [INSTALLER]
    installer=${1-}
    if [ -z "$installer" ]; then
        say "building"
        (cd -- "$project" && cargo build --locked --release --bin gantry-installer) >&2
        installer=$(built)/release/gantry-installer
    fi
}

# Where cargo builds.
built() {
    (cd -- "$project" && cargo metadata --locked --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
}

# The median time in microseconds of so many runs of a command.
stopwatch() { # RUNS COMMAND…
    [ -x "$work/stopwatch" ] ||
        rustc --edition 2024 -O -o "$work/stopwatch" "$project/benches/stopwatch/stopwatch.rs"
    "$work/stopwatch" "$@"
}

# Runs the installer of $world, which must succeed, and keeps what it answered.
run() { # ARGUMENT…
    "$installer" --config "$world/installer.toml" --json --quiet "$@" >"$world/answer" && return
    cat -- "$world/answer" >&2
    return 1
}

# The milliseconds that a step of that answer took.
step_took() { # NAME
    sed 's/.*"ms":\([0-9]*\),"name":"'"$1"'".*/\1/; s/.*"name":"'"$1"'","ms":\([0-9]*\).*/\1/' "$world/answer"
}

describe_machine() {
    echo "date      $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "installer $("$installer" --version), $(git -C "$project" rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
    echo "kernel    $(uname -srm)"
    echo "CPU       $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    echo "disk      $(df -T -- "$work" | awk 'NR == 2 { print $2 " on " $1 }')"
    echo "load      $(cut -d ' ' -f 1 /proc/loadavg) before it began"
}

# ---- Times that take turns, each in a file of its name in $work

repeated() { # COUNT COMMAND…
    rounds=$1
    shift
    while [ "$rounds" -gt 0 ]; do
        "$@"
        rounds=$((rounds - 1))
    done
}

alternately() { # FUNCTION…
    for each; do "$each"; done
}

# Runs a command, which must succeed, and keeps how many microseconds it took.
timed() { # NAME COMMAND…
    name=$1
    shift
    begun=$(date +%s%N)
    "$@" >"$work/output" 2>&1 || { cat -- "$work/output" >&2 && exit 1; }
    keep_time "$name" $((($(date +%s%N) - begun) / 1000))
}

keep_time() { # NAME MICROSECONDS
    echo "$2" >>"$work/times $1"
}

# All of them on one line.
taken() { # NAME
    tr '\n' ' ' <"$work/times $1"
}

# ---- Words and numbers

median() { # NUMBERS
    # shellcheck disable=SC2086 # one number a line
    printf '%s\n' $1 | sort -n | awk '{ line[NR] = $0 } END { print line[int((NR + 1) / 2)] }'
}

# The median, and the least to the most.
spread() { # NUMBERS
    # shellcheck disable=SC2086 # one number a line
    printf '%s\n' $1 | sort -n | awk '{ line[NR] = $0 }
        END { printf "%s (%s to %s)", line[int((NR + 1) / 2)], line[1], line[NR] }'
}

# What two commands took in turn is compared pair by pair.
paired() { # NUMBERS OPERATOR NUMBERS
    echo "$1|$3" | awk -F '|' -v operator="$2" '{
        count = split($1, one, " "); split($2, other, " ")
        for (i = 1; i <= count; i++) printf operator == "/" ? "%.2f " : "%d ",
            operator == "/" ? one[i] / other[i] : one[i] - other[i]
    }'
}

heading() { # WHAT
    printf '%-52s %26s  %s\n' "$1" "here" "goal"
}

row() { # WHAT NUMBER GOAL
    printf '%-52s %26s  %s\n' "$1" "$2" "$3"
}

milliseconds() { # MICROSECONDS
    awk "BEGIN { printf \"%.1f ms\", $1 / 1000 }"
}

mebibytes() { # BYTES
    awk "BEGIN { printf \"%.1f MiB\", $1 / 1048576 }"
}

megabytes() { # BYTES
    awk "BEGIN { printf \"%.2f MB\", $1 / 1000000 }"
}

# The most memory that a command had, in bytes; a question mark where nothing can tell.
peak() { # COMMAND…
    if [ ! -x /usr/bin/time ]; then
        say "not measured: memory, because there is no /usr/bin/time; it comes with the package time"
        echo '?'
        return
    fi
    /usr/bin/time -f %M -o "$work/peak" "$@" >/dev/null 2>&1
    echo "$(($(tail -n 1 "$work/peak") * 1024))"
}

require() { # PROGRAM WHERE-FROM
    command -v "$1" >/dev/null && return
    say "there is no \`$1\`; it comes with $2"
    exit 1
}

say() { # WORDS
    echo "bench: $1" >&2
}
