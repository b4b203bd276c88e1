# shellcheck shell=sh disable=SC2154 # names of the other parts
# It is installed, and removed again.

from_a_file_with_its_digest_it_is_installed() { # test
    for shell in dash "bash --posix" "busybox sh"; do
        has "${shell%% *}" || continue
        prefix="$here/a prefix of ${shell%% *}"
        # shellcheck disable=SC2086 # a program and its argument
        $shell "$script" --from-file "$program" --prefix "$prefix"
        [ "$("$prefix/bin/gantry-installer" --version)" = "gantry-installer $version" ]
        [ -f "$prefix/share/man/man1/gantry-installer.1" ]
        # shellcheck disable=SC2086
        $shell "$script" --uninstall --prefix "$prefix"
        expect_nothing "$prefix"
    done
}

the_newest_of_a_server_is_installed_for_this_user() { # test
    cp -- "$script" "$here/script.sh"
    as_a_user env HOME="$here" sh "$here/script.sh" --base-url "$url/well"
    [ "$("$here/.local/bin/gantry-installer" --version)" = "gantry-installer $version" ]
}

a_version_of_a_server_is_installed() { # test
    sh "$script" --base-url "$url/well" --version "$version" --prefix "$here"
    "$here/bin/gantry-installer" --version
}

the_second_time_nothing_is_changed() { # test
    sh "$script" --from-file "$program" --prefix "$here"
    before=$(stat -c '%i %Y' "$here/bin/gantry-installer")
    says "already" sh "$script" --from-file "$program" --prefix "$here"
    [ "$(stat -c '%i %Y' "$here/bin/gantry-installer")" = "$before" ]
}

wget_alone_is_enough() { # test
    has wget || skip "there is no wget"
    path_without curl
    PATH=$here/path sh "$script" --base-url "$url/well" --prefix "$here/prefix"
    "$here/prefix/bin/gantry-installer" --version
}

an_uninstall_removes_what_was_installed_and_nothing_else() { # test
    mkdir -p -- "$here/share/man/man1" "$here/bin"
    touch "$here/share/man/man1/other.1" "$here/bin/other"
    (cd -- "$here" && find . -type f) >"$here.before"
    sh "$script" --from-file "$program" --prefix "$here"
    sh "$script" --uninstall --prefix "$here"
    (cd -- "$here" && find . -type f) >"$here.after"
    diff "$here.before" "$here.after"
}

an_uninstall_names_what_it_removes_and_leaves_what_is_not_as_it_was_installed() { # test
    sh "$script" --from-file "$program" --prefix "$here/prefix"
    echo "a build of my own" >"$here/prefix/bin/gantry-installer"
    says "not $here/prefix/bin/gantry-installer" sh "$script" --uninstall --prefix "$here/prefix"
    case $answer in *"  $here/prefix/share/man/man1/gantry-installer.1"*) ;; *) wrong "it does not name what it removed" ;; esac
    [ "$(find "$here/prefix" -type f)" = "$here/prefix/bin/gantry-installer" ]
}

a_receipt_that_was_changed_removes_nothing_elsewhere() { # test
    sh "$script" --from-file "$program" --prefix "$here/prefix"
    touch "$here/gantry-installer-of-another"
    {
        (cd -- "$here" && sha256sum "$here/gantry-installer-of-another")
        (cd -- "$here" && sha256sum "$here/prefix/../gantry-installer-of-another")
    } >>"$here/prefix/share/gantry-installer/installed"
    sh "$script" --uninstall --prefix "$here/prefix"
    [ -f "$here/gantry-installer-of-another" ]
}

asked_to_it_installs_gantry_as_the_configuration_says() { # test
    "$project/packaging/make-repository.sh" --installer "$program" --program "$built/examples/gantry-node" --target "$triple" \
        --key "$here/release.key" --out "$here/releases" --only 1.4.1
    mkdir -- "$here/data"
    cat >"$here/installer.toml" <<CONFIG
product = "gantry"
[install]
root = "$here/root"
state = "$here/state"
[manifest]
url = "$here/releases/gantry.toml"
keys = ["$(sed -n 2p "$here/release.key.pub")"]
[database]
url = "sqlite:$here/data/gantry.db"
format = "golang-migrate"
[service]
manager = "none"
[backup]
dir = "$here/backups"
CONFIG
    sh "$script" --from-file "$program" --prefix "$here/prefix" --gantry --config "$here/installer.toml"
    [ "$(readlink "$here/root/current")" = versions/1.4.1 ]
}
