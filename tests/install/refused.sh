# shellcheck shell=sh disable=SC2154 # names of the other parts
# What must not be installed.

a_copy_that_is_cut_off_does_nothing() { # test
    whole=$(wc -c <"$script") cut=0
    # The first line alone is a comment: there is nothing in it that could fail.
    length=$(head -n 1 "$script" | wc -c)
    while [ "$length" -lt $((whole - 2)) ]; do
        length=$((length + 1))
        # Every byte at both ends, where a cut is worst; every 13th between.
        if [ "$length" -gt 400 ] && [ "$length" -lt $((whole - 600)) ]; then length=$((length + 12)); fi
        head -c "$length" "$script" >"$here/cut.sh"
        cut=$((cut + 1))
        if sh "$here/cut.sh" --from-file "$program" --prefix "$here/prefix" 2>/dev/null; then
            wrong "cut off after $length bytes it ends well"
        fi
        if [ $((length % 97)) -eq 0 ]; then
            for shell in "bash --posix" "busybox sh"; do
                has "${shell%% *}" || continue
                # shellcheck disable=SC2086
                if $shell "$here/cut.sh" --from-file "$program" --prefix "$here/prefix" 2>/dev/null; then
                    wrong "cut off after $length bytes it ends well in $shell"
                fi
            done
        fi
    done
    [ ! -e "$here/prefix" ] || wrong "something was made"
    echo "counted: $cut cuts of $whole bytes"
}

a_server_that_fails_in_any_way_installs_nothing() { # test
    for fault in missing/at drops loops fails welcomes cuts shortens changes no-digest; do
        if sh "$script" --base-url "$url/$fault" --version "$version" --prefix "$here"; then wrong "$fault: it ends well"; fi
        expect_nothing "$here"
        if sh "$script" --base-url "$url/$fault" --sha256 "$digest" --version "$version" --prefix "$here" &&
            [ "$fault" != no-digest ]; then
            wrong "$fault: it ends well"
        fi
        [ "$fault" = no-digest ] || expect_nothing "$here"
    done
}

nobody_listens_and_nothing_is_installed() { # test
    refused "cannot be fetched" --base-url "http://127.0.0.1:$(closed_port)" --prefix "$here"
    expect_nothing "$here"
}

an_address_that_anybody_can_change_is_refused() { # test
    refused "use https://" --base-url http://releases.gantry.example/installer --prefix "$here"
    refused "use https://" --base-url http://127.0.0.1.gantry.example/installer --prefix "$here"
    refused "no address" --base-url ftp://releases.gantry.example --prefix "$here"
    expect_nothing "$here"
}

a_file_without_a_digest_is_refused() { # test
    cp -- "$program" "$here/program"
    refused "there is no digest" --from-file "$here/program" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

a_file_with_another_digest_is_refused() { # test
    cp -- "$program" "$here/program"
    printf x >>"$here/program"
    refused "and should have $digest" --from-file "$here/program" --sha256 "$digest" --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

another_version_than_the_one_asked_for_is_refused() { # test
    refused "and not 99.0.0" --from-file "$program" --version 99.0.0 --prefix "$here/prefix"
    expect_nothing "$here/prefix"
}

a_failed_attempt_leaves_the_installed_one() { # test
    sh "$script" --from-file "$program" --prefix "$here"
    refused "nothing was installed" --base-url "$url/changes" --prefix "$here"
    "$here/bin/gantry-installer" --version
    [ -z "$(find "$here/bin" -name '.gantry-installer.*')" ] || wrong "what it fetched stayed"
}

what_it_does_not_know_is_refused() { # test
    refused "there is no \`--frobnicate\`" --frobnicate
    refused "needs a value" --prefix
    refused "is no version" --version '../1.0.0' --prefix "$here"
    refused "exclude each other" --base-url "$url/well" --from-file "$program" --prefix "$here"
    refused "nothing was installed in" --uninstall --prefix "$here"
}
