#!/bin/sh
# One bridge of several: its name into the settings, a key that only it may read, then run.
# FROM and TO are folders: where the template and the key are mounted, where the copies go.
set -eu
from=${FROM:-/etc/packtrail} to=${TO:-/run/packtrail}
umask 077
sed "s/BRIDGE_NAME/${BRIDGE_NAME:?a name for this bridge}/g" "$from/bridge.toml" > "$to/bridge.toml"
install -m 600 "$from/bridge.pem" "$to/bridge.pem"
exec packtrail bridge "${1:-run}" --settings "$to/bridge.toml"
