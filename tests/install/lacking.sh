# shellcheck shell=sh disable=SC2154 # names of the other parts
# Machines that lack something.

without_curl_and_wget_it_says_so() { # test
    path_without curl wget
    PATH=$here/path refused "neither \`curl\` nor \`wget\`" --base-url "$url/well" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

with_a_wget_that_checks_no_certificate_it_says_so() { # test
    has busybox || skip "there is no busybox"
    path_without curl
    ln -sf -- "$(command -v busybox)" "$here/path/wget"
    closed=$(closed_port)
    PATH=$here/path refused "BusyBox's" --base-url "https://127.0.0.1:$closed" --prefix "$here/prefix"
    # What is held against a digest of one's own may come from anywhere.
    PATH=$here/path refused "cannot be fetched" --base-url "https://127.0.0.1:$closed" --version "$version" --sha256 "$digest" \
        --prefix "$here/prefix"
    PATH=$here/path sh "$script" --base-url "$url/well" --prefix "$here/prefix"
    "$here/prefix/bin/gantry-installer" --version
}

without_anything_that_computes_a_digest_it_says_so() { # test
    path_without sha256sum shasum openssl
    PATH=$here/path refused "there is no \`sha256sum\`" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

on_a_32_bit_userland_it_says_so() { # test
    path_without od
    printf '#!/bin/sh\necho " 1"\n' >"$here/path/od"
    chmod 755 "$here/path/od"
    PATH=$here/path refused "32-bit" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

on_another_architecture_it_says_so() { # test
    path_without uname
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo riscv64 ;; esac\n' >"$here/path/uname"
    chmod 755 "$here/path/uname"
    PATH=$here/path refused "there is no release for \`riscv64\`" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

on_a_file_system_that_runs_no_programs_it_says_so() { # test
    [ "$(id -u)" -eq 0 ] || skip "only root may mount one"
    mkdir -- "$here/prefix"
    mount -t tmpfs -o noexec none "$here/prefix" 2>/dev/null || skip "nothing may be mounted here"
    trap 'umount "$here/prefix"' EXIT
    refused "noexec" --from-file "$program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

where_the_user_may_not_write_it_says_how_and_becomes_nobody_else() { # test
    path_without sudo
    printf '#!/bin/sh\ntouch %s/sudo-was-called\n' "$here" >"$here/path/sudo"
    chmod 755 "$here/path/sudo"
    mkdir -- "$here/prefix"
    chmod 555 "$here/prefix"
    cp -- "$script" "$here/script.sh"
    status=0
    answer=$(PATH=$here/path as_a_user sh "$here/script.sh" --from-file "$program" --prefix "$here/prefix" 2>&1) ||
        status=$?
    echo "$answer"
    [ "$status" -eq 1 ]
    case $answer in *"sudo sh install.sh --prefix $here/prefix"*) ;; *) wrong "it does not say how" ;; esac
    [ ! -e "$here/sudo-was-called" ] || wrong "it called sudo"
}
