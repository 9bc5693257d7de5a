"""ThingsBoard IoT Gateway on buses of datagrams: the peer's process, in its own environment.

    PEER_PYTHON peer_process.py CONFIG_FOLDER

It imports nothing of packtrail, whose libraries the peer's cannot stand beside. Its CAN connector
reads python-can as it always does; the bus below is what python-can's SocketCAN bus is, a socket
of 16-byte `struct can_frame`, only that loopback's UDP carries the frames.
"""

import os
import socket
import struct
import sys
from pathlib import Path

import can
from can.interfaces import BACKENDS
from thingsboard_gateway.tb_gateway import main as run
from thingsboard_gateway.tb_utility.tb_updater import TBUpdater

FRAME = struct.Struct("=IB3x8s")
EFF, ID_MASK = 0x8000_0000, 0x1FFF_FFFF
KERNEL_BUFFER = 8 << 20


class DatagramBus(can.BusABC):
    """SocketCAN frames that come as datagrams to the port that is the channel's name."""

    def __init__(self, channel: str, can_filters: object = None, **options: object) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
        self._socket.bind(("127.0.0.1", int(channel)))
        super().__init__(channel=channel, can_filters=can_filters, **options)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        self._socket.settimeout(timeout)
        try:
            marked, length, data = FRAME.unpack(self._socket.recv(FRAME.size))
        except TimeoutError:
            return None, False
        message = can.Message(
            arbitration_id=marked & ID_MASK,
            is_extended_id=bool(marked & EFF),
            data=data[:length],
        )
        return message, False

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        """Nobody hears."""

    def shutdown(self) -> None:
        """Close the socket."""
        super().shutdown()
        self._socket.close()


def main(folder: Path) -> None:
    """Run the peer as its own command does, without its calls to an update server."""
    BACKENDS["socketcan"] = (__name__, DatagramBus.__name__)
    TBUpdater.check_for_new_version = lambda _updater: None
    os.environ["TB_GW_CONFIG_DIR"] = str(folder)
    os.chdir(folder)
    sys.argv = sys.argv[:1]
    run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
