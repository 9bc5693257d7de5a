#!/usr/bin/env bash
# try-deb.sh PACKAGE.deb NEWER.deb: proves the package in a clean Debian, made by debootstrap.
#
# Installs it, makes a gateway, has it record into its outbox with no broker in reach, kills it,
# saves it, upgrades to NEWER, looks whether every record is still there, restores the backup
# elsewhere, removes and purges. Processes, mounts and network are its own and end with it. Needs
# root, debootstrap, iproute2 and Debian's archive; CLEAN=FOLDER keeps the clean system,
# MIRROR=URL names another archive than the usual one.
set -euo pipefail

package=$(realpath "${1:?name the package}")
newer=$(realpath "${2:?name a package of a newer version}")
scratch=$(mktemp -d)
clean=${CLEAN:-$scratch/clean}
root=$scratch/root
say() { echo "try-deb: $*"; }
must() { "$@" || { say "FAILED: $*"; exit 1; }; }

[ -d "$clean/usr" ] || debootstrap --variant=minbase --include=python3.11,adduser,systemd \
    bookworm "$clean" ${MIRROR:+"$MIRROR"} >/dev/null
clean=$(realpath "$clean")

if [ -z "${TRY_DEB_INSIDE:-}" ]; then
    rm -rf "$scratch"
    TRY_DEB_INSIDE=1 CLEAN=$clean exec unshare --mount --pid --net --fork --kill-child \
        --propagation private "$(realpath "$0")" "$package" "$newer"
fi
trap 'umount -l "$root" "$scratch/changes" 2>/dev/null || true; rm -rf "$scratch"' EXIT
ip link set lo up
mkdir "$scratch/changes" "$root"
mount -t tmpfs none "$scratch/changes"
mkdir "$scratch/changes/upper" "$scratch/changes/work"
mount -t overlay -o "lowerdir=$clean,upperdir=$scratch/changes/upper,workdir=$scratch/changes/work" \
    none "$root"
mount -t proc none "$root/proc"
[ -e "$root/dev/urandom" ] || mknod -m 666 "$root/dev/urandom" c 1 9
[ -c "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
cp "$package" "$root/first.deb"
cp "$newer" "$root/second.deb"

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}
as_packtrail() { inside runuser -u packtrail -- "$@"; }
records() {
    as_packtrail python3.11 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM record").fetchone()[0])' "$1"
}

say "install"
must inside dpkg --install /first.deb >/dev/null
must inside packtrail --help >/dev/null
must inside systemd-analyze verify --man=no /lib/systemd/system/packtrail-gateway.service
must test "$(inside stat -c '%U %a' /etc/packtrail)" = "packtrail 750"
# A file of the same name as a module, in the folder where it is called, is not what is imported.
inside sh -c 'mkdir /trap; echo "raise SystemExit(99)" > /trap/numpy.py'
must inside sh -c 'cd /trap && packtrail gateway run --help >/dev/null && packtrail --version'

say "a gateway records with no broker in reach"
as_packtrail sh -c 'cd /var/lib/packtrail && packtrail gateway init new --id try-1 >/dev/null'
inside sh -c 'mv /var/lib/packtrail/new/gateway.* /etc/packtrail/
    cd /etc/packtrail && sed -i "s|outbox.db|/var/lib/packtrail/outbox.db|
        s|^interface = .*|interface = \"virtual\"|
        s|^port = 1883|port = 9|" gateway.toml'
run=(as_packtrail packtrail gateway run --settings /etc/packtrail/gateway.toml --json)
"${run[@]}" >"$scratch/log" 2>&1 &
until inside python3.11 -c 'import urllib.request as u
u.urlopen("http://127.0.0.1:8470/health", timeout=2)' 2>/dev/null; do
    [ $((waited=${waited:-0} + 1)) -lt 60 ] || { cat "$scratch/log"; exit 1; }
    sleep 0.5
done
inside python3.11 -c 'import json, urllib.request as u
for path, body in (("scan", {"label": "000PE0100000ABG410000001"}), ("insert", {}), ("remove", {})):
    u.urlopen(u.Request(f"http://127.0.0.1:8470/v1/slots/1/{path}", json.dumps(body).encode(),
                        {"Content-Type": "application/json"}), timeout=5)'
must as_packtrail packtrail gateway backup --settings /etc/packtrail/gateway.toml \
    /var/lib/packtrail/saved.tar.gz >/dev/null
inside python3.11 -c 'import glob, os, signal
for file in glob.glob("/proc/[0-9]*/cmdline"):
    words = open(file).read().split("\0")
    if words[0] == "/usr/bin/python3.11" and "run" in words:
        os.kill(int(file.split("/")[2]), signal.SIGKILL)'
wait || true
before=$(records /var/lib/packtrail/outbox.db)
must test "$before" -gt 0

say "upgrade with $before records waiting"
must inside dpkg --install /second.deb >/dev/null
inside packtrail gateway check --settings /etc/packtrail/gateway.toml >"$scratch/check" || true
must grep -q "outbox.db, " "$scratch/check"
must test "$(records /var/lib/packtrail/outbox.db)" = "$before"

say "the backup goes on elsewhere"
as_packtrail sh -c 'mkdir /var/lib/packtrail/other && mv /var/lib/packtrail/outbox.db* /var/lib/packtrail/other/'
must as_packtrail packtrail gateway restore --settings /var/lib/packtrail/restored/gateway.toml \
    /var/lib/packtrail/saved.tar.gz >/dev/null
must test "$(records /var/lib/packtrail/outbox.db)" -gt 0

say "remove and purge: the program goes, keys and records stay"
must inside dpkg --remove packtrail-gateway >/dev/null
must test ! -e "$root/opt/packtrail"
inside dpkg --purge packtrail-gateway
must test -s "$root/etc/packtrail/gateway.key"
must test "$(records /var/lib/packtrail/outbox.db)" -gt 0
say "all holds"
