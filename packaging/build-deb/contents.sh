# shellcheck shell=sh disable=SC2034,SC2154 # names of the other parts
# What the package holds.

# An offline bundle: manifest, signature and archives, byte for byte as they were published. It is made only of what the
# package's own configuration believes.
payload() {
    bundle=$tree$root/payload/$product.bundle
    mkdir -p -- "${bundle%/*}"
    filled "$product_directory/installer.toml" >"$work/installer.toml"
    # With --json the reasons would be no words.
    bundled --json >"$work/bundled" || bundled >&2 || refuse "the payload could not be made"
    carries=$(sed -n 's/.*"releases": *\[\([^]]*\)\].*/\1/p' "$work/bundled" | tr -d '" ')
    case ,$carries, in
    *,"$version",*) chmod 644 "$bundle" ;;
    *) refuse "the payload does not bring $version" ;;
    esac
}

bundled() { # [--json]
    "$tool" "$@" manifest bundle --manifest "$manifest" --believed-by "$work/installer.toml" \
        --from "$(setting oldest)" --to "$version" --target "$target" "$bundle"
}

programs() {
    install -D -m 755 -- "$installer" "$tree/$installer_path"
    if [ "$product" = gantry ]; then return; fi
    put 755 "${command#/}" filled "$template/command"
}

documents() {
    put 644 "${config#/}" filled "$product_directory/installer.toml"
    echo "$config" >"$tree/DEBIAN/conffiles"
    put 644 "usr/share/doc/$product/copyright" filled "$template/copyright"
    put 644 "usr/share/doc/$product/changelog.gz" zipped changelog
    put 644 "usr/share/lintian/overrides/$product" filled "$template/lintian-overrides"
    pages=usr/share/man/man1
    mkdir -p -- "$tree/$pages"
    if [ "$product" = gantry ]; then
        "$tool" man "$tree/$pages" >/dev/null 2>&1
        gzip -9n -- "$tree/$pages"/*.1
        put 644 usr/share/bash-completion/completions/gantry-installer "$tool" completions bash
        put 644 usr/share/zsh/vendor-completions/_gantry-installer "$tool" completions zsh
        put 644 usr/share/fish/vendor_completions.d/gantry-installer.fish "$tool" completions fish
    else
        put 644 "$pages/$product-installer.1.gz" zipped filled "$template/manual"
    fi
}

changelog() {
    cat <<ENTRY
$product ($debian_version) stable; urgency=medium

  * Release $version, as the manifest of $created has it.

 -- $(setting maintainer)  $(date -u -R -d "@$epoch")
ENTRY
}

units() {
    for unit in '' -recover -activate -crashed -upgrade; do
        put 644 "lib/systemd/system/$product$unit.service" filled "$template/${unit#-}${unit:+.}service"
    done
    put 644 "lib/systemd/system/$product-upgrade.timer" filled "$template/upgrade.timer"
    put 644 "usr/lib/sysusers.d/$product.conf" filled "$template/sysusers"
}

# Not through a pipe: what is refused on its left side ends nothing, and an empty file would be packed.
put() { # MODE PATH COMMAND, whose words it holds
    file=$tree/$2
    mkdir -p -- "${file%/*}"
    mode=$1
    shift 2
    "$@" >"$file"
    chmod "$mode" "$file"
}

zipped() { # COMMAND
    "$@" >"$work/plain"
    gzip -9n <"$work/plain"
}
