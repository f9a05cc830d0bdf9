"""A responder on real sockets of 127.0.0.1 for tests of the wire: it answers from a catalog, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any

from waiting import until

from dnsd.authority.catalog import Catalog
from dnsd.model.errors import InvalidSetting
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address
from dnsd.server.responder import Responder
from dnsd.server.sockets import DnsSocket, reserve
from dnsd.server.source import LocalFeed


class Running:
    """Answers on ``port`` while it is entered; ``options`` are those of the responder."""

    def __init__(self, catalog: Catalog, host: str = "127.0.0.1", **options: Any) -> None:
        self._catalog, self._options = catalog, options
        self._sockets = _reserved(host)
        self.port: int = self._sockets[0].address.port
        self._loop = asyncio.new_event_loop()
        self._started: Future[Responder] = Future()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Running":
        self._thread.start()
        self._responder = self._started.result(20)
        until(self._is_answering, "the responder answers over UDP and TCP")
        return self

    def _is_answering(self) -> bool:
        place = ("127.0.0.1", self.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.settimeout(0.5)
            try:
                udp.connect(place)
                udp.send(b"\0\0\1\0\0\1" + bytes(6) + b"\0\0\1\0\1")
                return bool(udp.recv(512)) and not tcp.connect_ex(place)
            except OSError:
                return False

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._responder.stop(0), self._loop).result(20)
        self._thread.join(20)
        for each in self._sockets:
            each.close()

    def call(self, change: Callable[[], Any]) -> Any:
        """Do this between two answers; returns what it returns."""

        async def called() -> Any:
            return change()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(20)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        table = self._catalog.table
        options = {"cookie_secret": b"0123456789abcdef", **self._options}
        responder = Responder(self._sockets, LocalFeed(table), table, SystemClock(), **options)
        running = Tasks("test").start("responder", responder.run())
        self._started.set_result(responder)
        await running


def _reserved(host: str) -> list[DnsSocket]:
    """Sockets on a port that is free for UDP and TCP: the system gives one that may be taken for the other."""
    for _ in range(50):
        with suppress(InvalidSetting):
            return reserve([Address(host, 0)], 1)
    return reserve([Address(host, 0)], 1)
