#!/bin/sh
# Programs that some tests need and npm does not bring: two keychains for Linux, a bus for them, a
# screen that nobody sees, a clock that can be set, a look at system calls. For CI, as root, on Debian's kin; elsewhere those tests name what is missing.
set -eu
packages='dbus gnome-keyring libsecret-1-0 keepassxc gcr xvfb xdotool libfaketime strace'
command -v apt-get >/dev/null || exit 0
# shellcheck disable=SC2086
dpkg -s $packages >/dev/null 2>&1 && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086
apt-get -qq install -y --no-install-recommends $packages >/dev/null
