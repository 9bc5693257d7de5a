"""The witness as a process: `POST /add-checkpoint` on one port, nothing else.

Put a reverse proxy with TLS in front of anything but loopback; what is asked is public anyway.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from cloud_bridge.witness.protocol import Answer, Witness
from packtrail import logs
from packtrail.errors import CodecError

MAX_BODY_BYTES: Final = 65_536
WAIT_S: Final = 10.0

log = logs.get("packtrail.witness")


class WitnessServer(ThreadingHTTPServer):
    """Listens on `host` and `port` (0 for a free one) once it is made."""

    daemon_threads = True

    def __init__(self, witness: Witness, host: str, port: int) -> None:
        self.witness = witness
        super().__init__((host, port), _Handler)

    def start(self) -> threading.Thread:
        """Answer in a thread of its own; `shutdown()` ends it."""
        thread = threading.Thread(target=self.serve_forever, name="witness")
        thread.start()
        return thread


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    timeout = WAIT_S

    def do_POST(self) -> None:
        self._answer(self._judge())

    def _judge(self) -> Answer:
        if self.path.rstrip("/") != "/add-checkpoint":
            return Answer(404, "POST /add-checkpoint\n")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return Answer(413, "too large\n")
        try:
            answer = self.server.witness.add(self.rfile.read(int(length)))
        except (OSError, CodecError) as error:
            log.error("witness_cannot_remember", error=str(error))  # noqa: TRY400 - one line
            return Answer(500, "the witness cannot read or keep its last head\n")
        log.info("asked", status=answer.status)
        return answer

    def _answer(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Logged as events instead."""
