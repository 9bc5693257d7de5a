"""The port: connections of platforms, each read no faster than its messages are stored.

At most `WINDOW` messages of a connection are under way. A sender that does not read its answers,
says nothing whole for too long or does not log in is let go; the rest goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from can_decoder.gbt32960 import Broken, Framer, Message, Response
from cloud_bridge.errors import StoreError
from cloud_bridge.feeds.gbt32960.acks import Acks
from cloud_bridge.feeds.gbt32960.dialogue import Dialogue, Origin, Reply
from cloud_bridge.feeds.gbt32960.settings import Gbt32960Settings
from cloud_bridge.ingest.inbox import Inbox
from packtrail import logs

PIECE: Final = 16_384
WINDOW: Final = 64
WRITE_S: Final = 10.0
AGAIN_S: Final = 1.0
EASY: Final = 500
"""So few waiting records leave room in the inbox: nobody has to wait for it."""

log = logs.get("cloud_bridge.feeds.gbt32960")


class Lines:
    """All connections of the feed.

    Args:
        settings: limits.
        inbox: where records wait for their commit.
        acks: tells when they are.
        open_dialogue: makes the dialogue of a new connection.
        count: told what became of messages and connections, and how many.
    """

    def __init__(
        self,
        settings: Gbt32960Settings,
        inbox: Inbox,
        acks: Acks,
        open_dialogue: Callable[[Origin], Dialogue],
        count: Callable[[str, int], None],
    ) -> None:
        self.settings, self._inbox, self._acks = settings, inbox, acks
        self.open_dialogue, self.count = open_dialogue, count
        # Reads of the ledger and the making of records: one after the other, off the loop.
        self.worker = ThreadPoolExecutor(1, "gbt32960-reader")
        self._open: set[asyncio.Task[None]] = set()

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end."""
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= self.settings.connections:
            self.count("turned_away", 1)
            writer.transport.abort()
            return
        self._open.add(task)
        line = _Line(self, reader, writer)
        try:
            await line.run()
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            log.info("platform_lost", why=type(error).__name__)
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        """End every connection; what is not answered is sent again."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def origin(self, writer: asyncio.StreamWriter) -> Origin:
        """Where a connection comes from."""
        address: str = writer.get_extra_info("peername")[0]
        tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls else None
        return Origin(address, hashlib.sha256(certificate).hexdigest() if certificate else "")

    async def read(self, dialogue: Dialogue, found: list[Message | Broken]) -> list[Reply]:
        """What messages mean; asked again until the store answers."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self.worker, dialogue.take, found)
            except StoreError as error:
                self.count("store", 1)
                log.error("ledger_unread", why=error.describe("en"))  # noqa: TRY400 - one line
                await asyncio.sleep(AGAIN_S)

    async def store(self, reply: Reply) -> asyncio.Future[bool] | None:
        """Put a reply's records in the inbox; the future says whether all of them are durable."""
        if not reply.outcome.records:
            return None
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()

        def told(good: bool) -> None:
            loop.call_soon_threadsafe(_settle, done, good)

        for delivery in self._acks.wait_for(reply.outcome.records, told):
            if len(self._inbox) < EASY:
                self._inbox.put(delivery)
            else:  # waits where the store is slow, and so does the sender then
                await loop.run_in_executor(None, self._inbox.put, delivery)
        return done


class _Line:
    """One connection."""

    def __init__(
        self, lines: Lines, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._lines, self._reader, self._writer = lines, reader, writer
        self._dialogue = lines.open_dialogue(lines.origin(writer))
        self._framer = Framer()
        self._waiting: asyncio.Queue[tuple[Reply, asyncio.Future[bool] | None]] = asyncio.Queue(
            WINDOW
        )

    async def run(self) -> None:
        """Read and answer side by side until either ends."""
        answering = asyncio.create_task(self._answer())
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait({reading, answering}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and not answering.done():
                # What was read is still answered, however long the store takes.
                emptied = asyncio.create_task(self._waiting.join())
                await asyncio.wait({emptied, answering}, return_when=asyncio.FIRST_COMPLETED)
                emptied.cancel()
            for task in (reading, answering):
                if task.done():
                    task.result()
        finally:
            for task in (reading, answering):
                task.cancel()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        settings, heard = self._lines.settings, loop.time()
        while True:
            patience = settings.silent_s if self._dialogue.peer else settings.login_s
            try:
                async with asyncio.timeout_at(heard + patience):
                    piece = await self._reader.read(PIECE)
            except TimeoutError:
                self._lines.count("silent", 1)
                return
            if not piece:
                return
            skipped = self._framer.skipped
            found = self._framer.take(piece)
            if self._framer.skipped > skipped:
                self._lines.count("skipped_bytes", self._framer.skipped - skipped)
            if found and await self._take(found):
                return
            heard = loop.time() if found else heard

    async def _take(self, found: list[Message | Broken]) -> bool:
        """Queue the answers; whether the connection ends."""
        for reply in await self._lines.read(self._dialogue, found):
            await self._waiting.put((reply, await self._lines.store(reply)))
            if reply.ends:
                return True
        return False

    async def _answer(self) -> None:
        while True:
            reply, stored = await self._waiting.get()
            response = reply.outcome.response
            if stored is not None and not await stored:
                self._lines.count("not_stored", 1)
                response = Response.ERROR
                if reply.outcome.vehicle:
                    self._dialogue.forget(reply.outcome.vehicle)
            self._writer.write(reply.say(response))
            async with asyncio.timeout(WRITE_S):
                await self._writer.drain()
            self._waiting.task_done()


def _settle(done: asyncio.Future[bool], good: bool) -> None:
    if not done.done():
        done.set_result(good)
