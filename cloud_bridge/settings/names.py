"""Names and numbers that several tables have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from packtrail.topics import GATEWAY_ID

Port = Annotated[int, Field(ge=1, le=65_535)]


HostName = Annotated[str, Field(pattern=r"^(\*|(\*\.)?[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])$")]


Name = Annotated[str, Field(pattern=rf"^{GATEWAY_ID}$")]


HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
"""An address without a password in it."""
