# shellcheck shell=sh disable=SC2034,SC2154 # names of the other parts
# The words that the template's files are filled with.

values() {
    case $target in
    x86_64-*) architecture=amd64 ;;
    aarch64-*) architecture=arm64 ;;
    armv7-*) architecture=armhf ;;
    *) refuse "there is no Debian architecture for \`$target\` here" ;;
    esac
    # A pre-release comes before its release; dpkg says so with a tilde.
    debian_version=$(echo "$version" | tr - '~')
    created=$(sed -n 's/^created *= *"\(.*\)"$/\1/p' "$manifest" | head -n 1)
    epoch=${SOURCE_DATE_EPOCH:-$(date -u -d "$created" +%s)}
    # One a line: of several in one the shell looks at how the last one ended.
    root=$(place root)
    state=$(place state)
    backups=$(place dir)
    user=$(setting user) data=$(setting data)
    config=/etc/$product/installer.toml command=/usr/bin/$product-installer
    case $data in
    /var/lib/?*) state_directory=${data#/var/lib/} ;;
    *) refuse "\`data\` is \`$data\`; systemd keeps the data of a service below /var/lib" ;;
    esac
    # A purge empties the data and the state directory.
    outside "$data" install.state "$state"
    outside "$data" backup.dir "$backups"
    outside "$state" backup.dir "$backups"
    if [ "$product" = gantry ]; then installer_path=${command#/}; else installer_path=${root#/}/installer/gantry-installer; fi
    unit=$product.service
    units="$unit $product-recover.service $product-activate.service"
    public_key=$(sed -n 2p -- "$key_file")
}

outside() { # DIRECTORY KEY PLACE
    case ${3%/}/ in
    "${1%/}"/*) refuse "\`$2\` is \`$3\`, in \`$1\`, which a purge of the package empties" ;;
    esac
}

# A file of the template with its words put in.
filled() { # FILE
    summary=$(setting summary)
    script=$work/words.sed
    {
        word product "$product"
        word PRODUCT "$(echo "$product" | tr '[:lower:]' '[:upper:]')"
        word version "$version"
        word debian_version "$debian_version"
        word architecture "$architecture"
        word maintainer "$(setting maintainer)"
        word homepage "$(setting homepage)"
        word section "$(setting section)"
        word license "$(setting license)"
        word copyright "$(setting copyright)"
        word summary "$summary"
        word summary_sentence "$(echo "$product" | cut -c 1 | tr '[:lower:]' '[:upper:]')$(echo "$product" | cut -c 2-), $summary"
        word start "$(setting start)"
        word type "$(setting type)"
        word user "$user"
        word data "$data"
        word state_directory "$state_directory"
        word root "$root"
        word state "$state"
        word backups "$backups"
        word config "$config"
        word command "$command"
        word manual_page "$product-installer"
        word installer_path "$installer_path"
        word units "$units"
        word carries "${carries-}"
        word depends "${depends-}"
        word installed_size "${installed_size-}"
        word url "$url"
        word health "$(setting health)"
        word key "$public_key"
    } >"$script"
    sed -f "$script" -- "$1" >"$work/filled"
    if grep -v '^#' "$work/filled" | grep -o '@[a-z_]*@' | grep -v '^@signed_manifest@$' >&2; then
        refuse "\`$1\` has words that are not known"
    fi
    cat -- "$work/filled"
}

word() { # NAME VALUE
    printf 's|@%s@|%s|g\n' "$1" "$(printf %s "$2" | sed 's/[\\&|]/\\&/g')"
}

setting() { # KEY
    sed -n "s/^$1 *= *//p" "$product_directory/package" | head -n 1
}

place() { # KEY OF installer.toml
    found=$(sed -n "s/^$1 *= *\"\(.*\)\".*/\1/p" "$product_directory/installer.toml" | head -n 1)
    [ -n "$found" ] || refuse "\`$product_directory/installer.toml\` does not say \`$1\`"
    echo "$found"
}
