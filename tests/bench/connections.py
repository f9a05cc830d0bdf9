"""TCP as dnsperf cannot: a new connection for every query (it waits 100 ms before each), and answers above 16 KiB."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import process
from dnsperf import Outcome

IN_FLIGHT = 8
"""Fewer than the ten connections that Knot and BIND let wait: the eleventh is dropped and tries again after 1 s."""
_ANSWER_SECONDS = 2.0
_CHUNK_OCTETS = 1 << 16
_CLIENTS = 200
"""Source addresses: a port stays taken for a minute after its connection, and one address has only 28,000."""
_BIND_ADDRESS_NO_PORT = 24


@dataclass
class Conversation:
    """One connection with one query in the air."""

    connection: socket.socket
    octets: bytes = b""

    def take(self) -> int:
        """Read on; returns the length of the reply once it is whole. Raises ConnectionError when there is an end."""
        chunk = self.connection.recv(_CHUNK_OCTETS)
        if not chunk:
            raise ConnectionError
        self.octets += chunk
        if len(self.octets) < 2 or len(self.octets) < (whole := 2 + int.from_bytes(self.octets[:2])):
            return 0
        self.octets = b""
        return whole - 2


def ask_each(server: tuple[str, int], packets: Sequence[bytes], seconds: float) -> Outcome:
    """Ask one query a connection for so long, eight at a time. What is not answered within 2 s is lost."""
    return _ask(server, packets, seconds, is_kept=False)


def ask_on(server: tuple[str, int], packets: Sequence[bytes], seconds: float) -> Outcome:
    """Ask on eight connections that stay, one query at a time on each."""
    return _ask(server, packets, seconds, is_kept=True)


def _ask(server: tuple[str, int], packets: Sequence[bytes], seconds: float, *, is_kept: bool) -> Outcome:
    source = cycle(f"127.0.1.{number}" for number in range(1, _CLIENTS + 1))
    framed = cycle([len(packet).to_bytes(2) + packet for packet in packets])
    completed = octets = lost = 0
    until = time.monotonic() + seconds
    with process.running_on(process.CLIENT_CORES), selectors.EpollSelector() as selector:
        for _ in range(IN_FLIGHT):
            _connect(selector, next(source), server, next(framed))
        while selector.get_map():
            ready = selector.select(_ANSWER_SECONDS)
            if not ready:
                lost += len(selector.get_map())
                break
            for conversation, length in _taken(ready):
                completed, octets, lost = completed + (length > 0), octets + max(length, 0), lost + (length < 0)
                is_going_on = time.monotonic() < until
                if is_going_on and is_kept and length > 0:
                    conversation.connection.sendall(next(framed))
                    continue
                _hang_up(selector, conversation)
                if is_going_on:
                    _connect(selector, next(source), server, next(framed))
        for key in list(selector.get_map().values()):
            _hang_up(selector, key.data)
    return Outcome(completed, lost, octets // max(completed, 1))


def _taken(ready: list[tuple[selectors.SelectorKey, int]]) -> Iterator[tuple[Conversation, int]]:
    """Those whose reply is whole, with its length; -1 where the server has hung up."""
    for key, _ in ready:
        conversation: Conversation = key.data
        try:
            length = conversation.take()
        except OSError:
            length = -1
        if length:
            yield conversation, length


def _connect(selector: selectors.BaseSelector, source: str, server: tuple[str, int], framed: bytes) -> None:
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
    connection.bind((source, 0))
    connection.connect(server)
    connection.send(framed)
    selector.register(connection, selectors.EVENT_READ, Conversation(connection))


def _hang_up(selector: selectors.BaseSelector, conversation: Conversation) -> None:
    selector.unregister(conversation.connection)
    conversation.connection.close()
