"""A crowd of bad TCP clients in one thread: silent ones, slow ones, and such that ask and never read."""

import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from faults.probe import question

A_SOURCE = 80
"""Connections of one address, below the limit of one client."""
AGAIN_SECONDS = 5.0
"""So long after its end a connection is opened again: pressure stays, and neither side does nothing else."""


class Peer:
    """One connection: ``kind`` is idle, slow (an octet a second) or deaf (asks on and on, reads nothing)."""

    def __init__(self, address: tuple[str, int], source: str, kind: str, name: str) -> None:
        self._address, self._source, self.kind = address, source, kind
        packet = question(1, name)
        self._message = len(packet).to_bytes(2, "big") + packet
        self._socket: socket.socket | None = None
        self.opened_at = self.ended_at = 0.0
        self._sent = 0
        self.is_open = False

    def open(self, selector: selectors.BaseSelector, now: float) -> None:
        """Begin to connect."""
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.bind((self._source, 0))
        made.connect_ex(self._address)
        self._socket, self.is_open, self.opened_at, self._sent = made, True, now, 0
        selector.register(made, selectors.EVENT_WRITE if self.kind == "deaf" else selectors.EVENT_READ, self)

    def ready(self, selector: selectors.BaseSelector, now: float) -> float | None:
        """The socket can be read or written: the lifetime in seconds when that was its end."""
        assert self._socket is not None
        try:
            if self.kind == "deaf":
                self._socket.send(self._message * 100)
                return None
            if self._socket.recv(4096):
                return None
        except BlockingIOError:
            return None
        except OSError:
            pass
        self.close(selector)
        self.ended_at = now
        return now - self.opened_at

    def tick(self) -> None:
        """An octet more, once a second."""
        if self.kind == "slow" and self._socket is not None and self._sent < len(self._message):
            with suppress(OSError):
                self._sent += self._socket.send(self._message[self._sent : self._sent + 1])

    def close(self, selector: selectors.BaseSelector) -> None:
        """End it."""
        if self._socket is not None:
            selector.unregister(self._socket)
            self._socket.close()
            self._socket, self.is_open = None, False


class Crowd:
    """Peers that come back as long as ``with`` lasts; ``lives``: kind -> how long each connection lived, seconds."""

    def __init__(self, address: tuple[str, int], name: str, again: bool = True, **kinds: int) -> None:
        sources = (f"127.0.{1 + number // A_SOURCE}.1" for number in count())
        listed = [kind for kind, number in kinds.items() for _ in range(number)]
        self.peers = [Peer(address, source, kind, name) for kind, source in zip(listed, sources, strict=False)]
        self.lives: dict[str, list[float]] = {kind: [] for kind in kinds}
        self._again = again
        self._begun, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def open(self) -> int:
        """Connections that their peer has not ended."""
        return sum(peer.is_open for peer in self.peers)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        assert self._begun.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def longest(self, kind: str, now: float) -> float:
        """The longest that a connection of this kind lived or lives."""
        living = [now - peer.opened_at for peer in self.peers if peer.is_open and peer.kind == kind]
        return max([*self.lives[kind], *living], default=0.0)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector, many_descriptors():
            for peer in self.peers:
                peer.open(selector, time.monotonic())
            ticked = time.monotonic()
            self._begun.set()
            while not self._ending.is_set():
                for key, _ in selector.select(0.05):
                    lived = key.data.ready(selector, time.monotonic())
                    if lived is not None:
                        self.lives[key.data.kind].append(lived)
                now = time.monotonic()
                if now - ticked >= 1:
                    ticked = now
                    for peer in self.peers:
                        peer.tick()
                for peer in self.peers if self._again else ():
                    if not peer.is_open and now - peer.ended_at > AGAIN_SECONDS:
                        peer.open(selector, now)
            for peer in self.peers:
                peer.close(selector)


@contextmanager
def many_descriptors() -> Iterator[None]:
    """As many open files as this process may have at all."""
    with descriptors(resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        yield


@contextmanager
def descriptors(number: int) -> Iterator[None]:
    """``ulimit -n`` for this process and what it starts meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
