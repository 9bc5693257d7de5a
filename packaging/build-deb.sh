#!/usr/bin/env bash
# build-deb.sh OUT-FOLDER: a Debian package of the gateway, with its libraries in /opt/packtrail.
# Needs dpkg-deb, Python 3.11 and the package registry (or PIP_FIND_LINKS to a folder of wheels).
set -euo pipefail

out=$(realpath "${1:?name the folder for the package}")
here=$(realpath "$(dirname "$0")/..")
python=${PYTHON:-python3.11}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml")
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

install -d "$root/opt/packtrail/lib" "$root/opt/packtrail/bin" "$root/lib/systemd/system" \
    "$root/etc/packtrail" "$root/DEBIAN" "$root/usr/bin"
"$python" -m pip --disable-pip-version-check -q install -c "$here/constraints.txt" \
    --target "$root/opt/packtrail/lib" "$here"
find "$root" -name __pycache__ -prune -exec rm -rf {} +
cat > "$root/opt/packtrail/bin/packtrail" <<'RUN'
#!/bin/sh
PYTHONPATH=/opt/packtrail/lib exec python3.11 -m packtrail "$@"
RUN
chmod 755 "$root/opt/packtrail/bin/packtrail"
ln -s /opt/packtrail/bin/packtrail "$root/usr/bin/packtrail"
install -m 644 "$here/packaging/packtrail-gateway.service" "$root/lib/systemd/system/"

cat > "$root/DEBIAN/control" <<CONTROL
Package: packtrail-gateway
Version: $version
Architecture: $architecture
Maintainer: The packtrail authors <packtrail@localhost>
Depends: python3.11, adduser
Section: utils
Priority: optional
Description: follows battery packs from the CAN bus to their digital ID
 The edge agent of a swap station or a repair shop.
CONTROL
cat > "$root/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    getent passwd packtrail >/dev/null || adduser --system --group --home /var/lib/packtrail packtrail
    install -d -o packtrail -g packtrail -m 750 /etc/packtrail /var/lib/packtrail
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
    # An upgrade restarts what runs; its outbox is kept and brought up to date when it opens.
    [ ! -d /run/systemd/system ] || systemctl try-restart packtrail-gateway.service
fi
POSTINST
cat > "$root/DEBIAN/prerm" <<'PRERM'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop packtrail-gateway.service || true
fi
PRERM
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm"
dpkg-deb --root-owner-group -b "$root" "$out/packtrail-gateway_${version}_$architecture.deb"
