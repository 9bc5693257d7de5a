"""An MQTT broker inside this process: amqtt on a loopback port, for demonstrations only.

It forgets everything when it ends, which the outbox of a gateway survives by design. A port
that is taken is an error of one line.
"""

from __future__ import annotations

import asyncio
import logging
import signal

from amqtt.broker import Broker
from amqtt.errors import BrokerError

from packtrail.language import Text
from simulators.demo.loopback import LOOPBACK
from simulators.errors import SimulationError


def serve(port: int) -> None:
    """Serve on loopback until SIGINT or SIGTERM.

    Raises:
        SimulationError: the port is taken.
    """
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.ERROR)
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    broker = Broker(_settings(port))
    try:
        await broker.start()
    except BrokerError as error:
        raise SimulationError(
            Text("the broker cannot listen", "消息代理无法监听"),
            where=f"{LOOPBACK}:{port}",
            hint=Text("is the port taken?", "端口是否被占用？"),
            retryable=True,
        ) from error
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await broker.shutdown()


def _settings(port: int) -> dict[str, object]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
