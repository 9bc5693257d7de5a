"""Renews the certificate in its last third of life, in a thread of its own.

A new key each time. While the bridge does not answer the old pair goes on; the uplink reads
the files anew with its next connection.
"""

from __future__ import annotations

import threading
from typing import Final

from gateway.enrolment.certificate import look_at_certificate
from gateway.enrolment.enrol import Paths, enrol
from gateway.errors import GatewayError
from packtrail import logs
from packtrail.signing import SigningKey

LOOK_S: Final = 3600.0


class Renewal:
    """Looks at the certificate every hour.

    Args:
        url: of the bridge.
        paths: where key and certificates lie.
        gateway: our id.
        key: signs the request.
        look_s: seconds between two looks.
    """

    def __init__(
        self, url: str, paths: Paths, gateway: str, key: SigningKey, look_s: float = LOOK_S
    ) -> None:
        self._url, self._paths, self._gateway, self._key = url, paths, gateway, key
        self._look_s = look_s
        self._stopping = threading.Event()
        self._log = logs.get("gateway.renewal")
        self._thread = threading.Thread(target=self._run, name="renewal")
        self.problem = ""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> bool:
        """Renew if it is due; whether it was."""
        state = look_at_certificate(self._paths.certificate, self._paths.key)
        if not state.is_due:
            return False
        fresh = enrol(self._url, self._paths, self._gateway, self._key)
        self._log.info("certificate_renewed", ends=fresh.ends.isoformat())
        return True

    def _run(self) -> None:
        while True:
            try:
                self.look()
                self.problem = ""
            except (GatewayError, OSError) as error:
                self.problem = str(error)
                self._log.warning("certificate_not_renewed", why=self.problem[:300])
            if self._stopping.wait(self._look_s):
                return
