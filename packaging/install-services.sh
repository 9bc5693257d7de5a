#!/usr/bin/env bash
# Installs the real parts that the tests start: mosquitto, PostgreSQL, VictoriaMetrics (an
# InfluxDB-compatible server), Chromium, fonts for Chinese, and QEMU where the kernel has no
# SocketCAN (packaging/socketcan-vm).
# Does nothing when they are there; says what to install where it cannot.
set -euo pipefail

missing=()
PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null || missing+=(mosquitto)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v victoria-metrics >/dev/null || missing+=(victoria-metrics)
command -v chromium >/dev/null || missing+=(chromium)
fc-list :lang=zh 2>/dev/null | grep -q . || missing+=(fontconfig fonts-noto-cjk)
if [ ! -e /sys/class/net/vcan0 ]; then
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
    command -v xz >/dev/null || missing+=(xz-utils)
fi
[ ${#missing[@]} -gt 0 ] || exit 0

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    echo "packtrail's tests need: ${missing[*]}. Please install them with your package manager." >&2
    # A missing part is a failure in CI; elsewhere the tests that need it say so themselves.
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
echo "installing ${missing[*]}"
as_root apt-get -qq update
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
    install -y --no-install-recommends "${missing[@]}" >/dev/null
