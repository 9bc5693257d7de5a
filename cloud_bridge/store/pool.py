"""Connections that threads share one after the other; within a thread the same one serves."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """A database connection, as far as a pool cares."""

    def close(self) -> None:
        """Give it up."""


Connection = TypeVar("Connection", bound=Closable)


class Pool(Generic[Connection]):
    """Opens a connection when none is idle.

    Args:
        connect: opens one.
        usable: whether one may be used again after an error.
    """

    def __init__(
        self, connect: Callable[[], Connection], usable: Callable[[Connection], bool]
    ) -> None:
        self._connect = connect
        self._usable = usable
        self._own = threading.local()
        self._idle: deque[Connection] = deque()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The connection that this thread is using, or an idle one, or a new one."""
        using: Connection | None = getattr(self._own, "connection", None)
        if using is not None:
            yield using
            return
        connection = self._take()
        self._own.connection = connection
        try:
            yield connection
        finally:
            self._own.connection = None
            if self._closed or not self._usable(connection):
                connection.close()
            else:
                self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if self._usable(connection):
                return connection
            connection.close()
        return self._connect()
