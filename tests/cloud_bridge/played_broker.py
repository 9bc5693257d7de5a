"""A broker of MQTT 3.1.1 that lets one client in and then sends whatever a test wants."""

from __future__ import annotations

import socket
import threading
from typing import Self

CONNACK = bytes([0x20, 2, 0, 0])
SUBSCRIBE = 0x82


class PlayedBroker:
    """Listens on loopback; answers CONNECT and SUBSCRIBE, and nothing else."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._peer: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def publish(self, topic: bytes, payload: bytes) -> None:
        """A message of QoS 0."""
        rest = len(topic).to_bytes(2) + topic + payload
        self.send(bytes([0x30, len(rest)]) + rest)

    def send(self, raw: bytes) -> None:
        """Any bytes."""
        assert self._peer is not None
        self._peer.sendall(raw)

    def _serve(self) -> None:
        while True:
            try:
                self._peer, _ = self._listener.accept()
            except OSError:
                return
            with self._peer:
                self._answer(self._peer)

    def _answer(self, peer: socket.socket) -> None:
        while packet := peer.recv(4096):
            if packet[0] == SUBSCRIBE:
                peer.sendall(bytes([0x90, 4]) + packet[2:4] + bytes([1, 1]))
            elif packet[0] >> 4 == 1:
                peer.sendall(CONNACK)
