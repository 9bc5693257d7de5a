"""The one address that a demonstration uses: nothing of it is seen from outside."""

from typing import Final

LOOPBACK: Final = "127.0.0.1"
