"""Where the kernel has SocketCAN its tests run here, elsewhere in a small virtual machine."""

from __future__ import annotations

import socket


def has_socketcan() -> bool:
    """Whether vcan0 can be opened."""
    try:
        with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as raw:
            raw.bind(("vcan0",))
    except OSError:
        return False
    return True


collect_ignore = ["test_in_a_virtual_machine.py" if has_socketcan() else "kernel"]
