# shellcheck shell=sh disable=SC2154 # names of the other parts
# What is expected, and how a test ends.

# As who runs the tests, or as nobody where that is root, who may write everywhere.
as_a_user() { # COMMAND…
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    chmod -R a+rX "$work"
    chown 65534 "$here"
    setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

refused() { # WORDS ARGUMENT…
    words=$1
    shift
    status=0
    answer=$(sh "$script" "$@" 2>&1) || status=$?
    echo "$answer"
    case $status in 1 | 2) ;; *) wrong "it ended with $status" ;; esac
    case $answer in *"$words"*) ;; *) wrong "it does not say \`$words\`" ;; esac
}

says() { # WORDS COMMAND…
    words=$1
    shift
    answer=$("$@" 2>&1)
    echo "$answer"
    case $answer in *"$words"*) ;; *) wrong "it does not say \`$words\`" ;; esac
}

closed_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

expect_nothing() { # DIRECTORY
    if [ -d "$1" ] && find "$1" ! -type d | grep .; then wrong "something was installed"; fi
}

# Everything that is in the usual places, but for these.
path_without() { # PROGRAM…
    mkdir -- "$here/path"
    for directory in /bin /usr/bin; do
        for found in "$directory"/*; do ln -sf -- "$found" "$here/path/"; done
    done
    for left_out; do rm -f -- "$here/path/$left_out"; done
}

has() { # PROGRAM
    command -v "$1" >/dev/null
}

require() { # PROGRAM WHERE-FROM
    has "$1" || wrong "there is no \`$1\`; it comes with $2"
}

skip() { # WORDS
    echo "$1"
    exit 77
}

wrong() { # WORDS
    echo "WRONG: $1"
    exit 1
}
