"""The client certificate that TLS has verified, handed on with each request of its connection.

uvicorn does not tell it to the application (the ASGI TLS extension is not in it yet), so the
protocol of a connection puts it into the state that every request of it begins with.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from cloud_bridge.access.proxies import STATE


class CertificateProtocol(H11Protocol):
    """HTTP/1.1 that knows its peer's certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look at the certificate once per connection."""
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls else None
        state: dict[str, Any] = {STATE: der} if der else {}
        self.app_state = {**self.app_state, **state}
        super().connection_made(transport)
