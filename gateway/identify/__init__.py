"""Asks a pack's electronics who it is, when it arrives: UDS over the diagnostic bus.

The name of a slot enters when a pack was put there; readings leave, with the bytes that the
control unit gave. It reads and nothing else, and never on a charging bus.
"""

from gateway.identify.uds import UdsAsker, UdsOptions

__all__ = ["UdsAsker", "UdsOptions"]
