#!/usr/bin/env bash
# build-deb.sh OUT-FOLDER: a Debian package of the gateway, with its libraries in /opt/packtrail.
# Needs dpkg-deb, Python 3.11 and the package registry (or PIP_FIND_LINKS to a folder of wheels).
# VERSION=... builds it under another version. `try-deb.sh` proves the package in a clean Debian.
set -euo pipefail

out=$(realpath "${1:?name the folder for the package}")
here=$(realpath "$(dirname "$0")/..")
python=${PYTHON:-python3.11}
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml")}
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

doc=$root/usr/share/doc/packtrail-gateway
install -d "$root/opt/packtrail/lib" "$root/opt/packtrail/bin" "$root/lib/systemd/system" \
    "$root/etc/packtrail" "$root/DEBIAN" "$root/usr/bin" "$doc/examples"
"$python" -m pip --disable-pip-version-check -q install -c "$here/constraints.txt" \
    --no-compile --target "$root/opt/packtrail/lib" "$here"
# The tests of numerical libraries are a quarter of their size, and no use on a card.
rm -rf "$root/opt/packtrail/lib/bin"
find "$root/opt/packtrail/lib/numpy" "$root/opt/packtrail/lib/scipy" -name tests -type d \
    -prune -exec rm -rf {} +
# -P: a file numpy.py in the folder where somebody calls packtrail is not what it imports;
# -s: nor is what a user installed for himself.
cat > "$root/opt/packtrail/bin/packtrail" <<'RUN'
#!/bin/sh
PYTHONPATH=/opt/packtrail/lib exec /usr/bin/python3.11 -sP -m packtrail "$@"
RUN
chmod 755 "$root/opt/packtrail/bin/packtrail"
ln -s ../../opt/packtrail/bin/packtrail "$root/usr/bin/packtrail"
install -m 644 "$here/packaging/packtrail-gateway.service" "$root/lib/systemd/system/"
install -m 644 "$here"/README*.md "$here/NOTICE" "$here/CHANGELOG.md" \
    "$here/docs/reference/gateway.md" "$doc/"
install -m 644 "$here/LICENSE" "$doc/copyright"
install -m 644 "$here/packaging/packtrail-journald.conf" "$here/gateway/sample.toml" "$doc/examples/"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)

cat > "$root/DEBIAN/control" <<CONTROL
Package: packtrail-gateway
Version: $version
Architecture: $architecture
Installed-Size: $size
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
    # The service may not write beside the code, so its start would compile all of it each time.
    # Warnings are about the libraries' own source and nothing to be told at an installation.
    /usr/bin/python3.11 -W ignore -m compileall -q /opt/packtrail/lib >/dev/null || true
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        # An upgrade restarts what runs; its outbox is kept and brought up to date when it opens.
        systemctl try-restart packtrail-gateway.service
    fi
fi
POSTINST
cat > "$root/DEBIAN/prerm" <<'PRERM'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now packtrail-gateway.service || true
fi
find /opt/packtrail/lib -name __pycache__ -type d -prune -exec rm -rf {} +
PRERM
cat > "$root/DEBIAN/postrm" <<'POSTRM'
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
# Keys and outbox are not thrown away with the program, not even by a purge: records that no
# bridge has confirmed would be lost.
if [ "$1" = purge ] && [ -n "$(ls -A /etc/packtrail /var/lib/packtrail 2>/dev/null)" ]; then
    echo "packtrail-gateway: settings, keys and outbox stay in /etc/packtrail and /var/lib/packtrail"
fi
POSTRM
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
# gzip: xz takes minutes of a small computer for a tenth less.
dpkg-deb -Zgzip --root-owner-group -b "$root" "$out/packtrail-gateway_${version}_$architecture.deb"
