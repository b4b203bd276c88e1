# shellcheck shell=sh
# The first installation.

a_fresh_install_serves() {
    a_fresh_machine
    apt_install gantry=1.4.1
    is 1.4.1 4
    dpkg_says installed 1.4.1
}
