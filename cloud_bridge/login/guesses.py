"""Guessing is slow: who fails often waits, twice as long each time.

Counted in the store, for all bridges on it: of a name from one address, of a name from anywhere
(much later, so that nobody locks another out at will), and of an address whatever the name.
Names that nobody has are counted alike, so that waiting tells nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from cloud_bridge.store.accounts import Accounts

FREE_OF_BOTH: Final = 5
FREE_OF_NAME: Final = 50
FREE_OF_ADDRESS: Final = 50
"""So many failures in a row cost nothing yet."""
FIRST_S: Final = 10
LONGEST_S: Final = 900
FORGET_NS: Final = 86_400 * 10**9

SECOND: Final = 10**9


class Guesses:
    """Counts failures.

    Args:
        accounts: where they are kept.
        now: UTC ns.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], int]) -> None:
        self._accounts = accounts
        self._now = now

    def wait_s(self, name: str, address: str) -> float:
        """For how long nobody may try that name from there, seconds; 0 for now."""
        waits = []
        for digest, free in _counted(name, address):
            failures, last_ns = self._accounts.guesses(digest)
            waits.append(_pause_s(failures, free) - (self._now() - last_ns) / SECOND)
        return max(0.0, *waits)

    def count(self, name: str, address: str) -> None:
        """Another try; `forget` takes it back where it was right."""
        now_ns = self._now()
        for digest, _ in _counted(name, address):
            self._accounts.add_guess(digest, now_ns, now_ns - FORGET_NS)

    def forget(self, name: str, address: str) -> None:
        """The right password came; an address keeps its other failures, whoever else is there."""
        both, of_name, of_address = (digest for digest, _ in _counted(name, address))
        self._accounts.forget_guesses(both)
        self._accounts.forget_guesses(of_name)
        self._accounts.undo_guess(of_address)


def _counted(name: str, address: str) -> tuple[tuple[str, int], ...]:
    return (
        (_digest("both", name, address), FREE_OF_BOTH),
        (_digest("name", name), FREE_OF_NAME),
        (_digest("address", address), FREE_OF_ADDRESS),
    )


def _pause_s(failures: int, free: int) -> float:
    """Nothing for the free ones, then twice as long each time."""
    over = failures - free
    return 0.0 if over < 0 else float(min(LONGEST_S, FIRST_S * 2 ** min(over, 20)))


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
