#!/usr/bin/env bash
# try-service.sh PACKAGE.deb: the installed service under a real systemd, on a kernel with SocketCAN.
#
# In the virtual machine of `socketcan-vm` a clean Debian with the package boots systemd, which
# starts the unit as it is: its sandbox, watchdog and restarts are what is tried. Frames on vcan0
# must be heard without a capability; a kill -9 and a process that stands still must end in a
# fresh start. Needs root, debootstrap and Debian's archive; CLEAN=FOLDER keeps the clean system,
# MIRROR=URL names another archive than the usual one.
set -euo pipefail

package=$(realpath "${1:?name the package}")
here=$(realpath "$(dirname "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
clean=${CLEAN:-$scratch/clean}
root=$scratch/root

[ -d "$clean/usr" ] || debootstrap --variant=minbase \
    --include=python3.11,adduser,systemd,systemd-sysv,dbus bookworm "$clean" \
    ${MIRROR:+"$MIRROR"} >/dev/null
cp -a "$clean" "$root"
cp "$package" "$root/package.deb"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
inside dpkg --install /package.deb >/dev/null
inside runuser -u packtrail -- sh -c 'cd /var/lib/packtrail && packtrail gateway init new >/dev/null
    mv new/gateway.* /etc/packtrail/ && cd /etc/packtrail && sed -i "s|channel = \"can0\"|channel = \"vcan0\"|
        s|outbox.db|/var/lib/packtrail/outbox.db|; s|^port = 1883|port = 9|" gateway.toml'

cat > "$root/probe.py" <<'PROBE'
import json, os, re, signal, socket, struct, subprocess, time, urllib.request

def told(name):
    line = ["systemctl", "show", "packtrail-gateway", "-p", name, "--value"]
    return subprocess.run(line, capture_output=True, text=True).stdout.strip()

def until(what, holds, seconds=400):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"FAILED: {what}")
        time.sleep(2)
    print(f"try-service: {what}", flush=True)

def active():
    return told("ActiveState") == "active"

def begun_again(before):
    return int(told("NRestarts")) > before and active()

try:
    until("the unit is ready", active)
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as bus:
        bus.bind(("vcan0",))
        for _ in range(50):
            bus.send(struct.pack("=IB3x8s", 0x100, 8, bytes(8)))
            time.sleep(0.02)
    def heard():
        with urllib.request.urlopen("http://127.0.0.1:8470/v1/station", timeout=30) as answer:
            return json.load(answer)["buses"]["can0"]["frames"] == 50
    until("50 of 50 frames of vcan0 are heard", heard)
    status = open(f"/proc/{told('MainPID')}/status").read()
    for line in (r"CapEff:\t0+$", r"NoNewPrivs:\t1$", r"Seccomp:\t2$"):
        if not re.search(line, status, re.MULTILINE):
            raise SystemExit(f"FAILED: {line}\n{status}")
    print("try-service: without capabilities, shut in by seccomp", flush=True)
    for name, number in (("kill -9", signal.SIGKILL), ("standing still", signal.SIGSTOP)):
        count = int(told("NRestarts"))
        os.kill(int(told("MainPID")), number)
        until(f"{name} ends in a fresh start", lambda: begun_again(count))
    print("try-service: all holds", flush=True)
except SystemExit as failed:
    print(failed, flush=True)
    subprocess.run(["journalctl", "-b", "-n", "40", "--no-pager", "-o", "cat"])
finally:
    subprocess.run(["systemctl", "--force", "exit", "0"])
PROBE
cat > "$root/etc/systemd/system/probe.service" <<'UNIT'
[Service]
ExecStart=/usr/bin/python3.11 /probe.py
StandardOutput=append:/result
UNIT
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants" "$root/oldroot"
ln -s /etc/systemd/system/probe.service /lib/systemd/system/packtrail-gateway.service "$wants/"
# The machine emulates its processor, twenty times slower than this one.
install -d "$root/etc/systemd/system/packtrail-gateway.service.d"
printf '[Service]\nTimeoutStartSec=400\n' > "$root/etc/systemd/system/packtrail-gateway.service.d/slow.conf"

cat > "$scratch/boot" <<BOOT
#!/bin/bash
touch $root/result
tail -f $root/result &
exec unshare --mount --pid --cgroup --fork --kill-child --propagation private bash -c '
mount --bind $root $root
mount -t proc proc $root/proc; mount -t sysfs sys $root/sys
mount -t cgroup2 none $root/sys/fs/cgroup
mount -t tmpfs none $root/run; mount -t tmpfs none $root/tmp; mount --rbind /dev $root/dev
cd $root && pivot_root . oldroot && umount -l /oldroot
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no'
BOOT
chmod +x "$scratch/boot"
SOCKETCAN_VM_TIMEOUT=${SOCKETCAN_VM_TIMEOUT:-900} SOCKETCAN_VM_MEMORY=2500 \
    "$here/socketcan-vm" "$scratch/boot" | tee "$scratch/told"
grep -q "all holds" "$scratch/told"
