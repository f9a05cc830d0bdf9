"""What tests of the forwarder share: an upstream that does as a test says, on real sockets, and replies to give."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import dns.flags
import dns.message
import dns.rrset
import pytest

from dnsd.forward.upstream import Upstream
from dnsd.model.message import Wanted
from dnsd.model.names import name_from_text
from dnsd.runtime.listeners import end_listeners

A, AAAA, CNAME, PTR, SRV, ANY = (number.to_bytes(2) + b"\0\1" for number in (1, 28, 5, 12, 33, 255))
SOA = "example.com. 300 IN SOA ns.example.com. host.example.com. 1 3600 600 86400 60"

Script = Callable[["Scripted", bytes, bool], list[bytes]]
"""Upstream, question, whether it came over TCP -> what to send back."""


def a_question(name: str = "www.example.com", key: bytes = A, **options: bool) -> Wanted:
    return Wanted(name_from_text(name).lower(), key, **options)


def a_reply(
    packet: bytes,
    *records: str,
    authority: tuple[str, ...] = (),
    additional: tuple[str, ...] = (),
    rcode: int = 0,
    flags: int = dns.flags.RA,
) -> bytes:
    """A response to ``packet`` with these records, as a resolver would give it."""
    reply = dns.message.make_response(dns.message.from_wire(packet))
    reply.flags |= flags
    reply.set_rcode(rcode)
    for section, lines in ((reply.answer, records), (reply.authority, authority), (reply.additional, additional)):
        for line in lines:
            section.append(dns.rrset.from_text(*line.split(" ", 4)))
    return reply.to_wire(max_size=65_535)


class Scripted:
    """An upstream on one port of 127.0.0.1, UDP and TCP. ``asked`` are all questions, with how they came."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[tuple[str, bytes]] = []
        self.peers: list[tuple[str, int]] = []
        self.upstream = Upstream("127.0.0.1", 0)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(50):
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            port = self._server.sockets[0].getsockname()[1]
            with suppress(OSError):
                self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self.udp.setblocking(False)
                self.udp.bind(("127.0.0.1", port))
                break
            self.udp.close()
            self._server.close()
        loop.add_reader(self.udp, self._take)
        self.upstream = Upstream("127.0.0.1", port)

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.udp)
        self.udp.close()
        await end_listeners([self._server])

    def questions(self) -> int:
        return len(self.asked)

    def _take(self) -> None:
        packet, peer = self.udp.recvfrom(4096)
        self.asked.append(("UDP", packet))
        self.peers.append(peer)
        for reply in self.script(self, packet, False):
            self.udp.sendto(reply, peer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError):
                while True:
                    packet = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                    self.asked.append(("TCP", packet))
                    for reply in self.script(self, packet, True):
                        writer.write(len(reply).to_bytes(2) + reply)
                    await writer.drain()
        finally:
            writer.transport.abort()


@pytest.fixture
async def scripted() -> AsyncIterator[Callable]:
    """``await scripted(script)``: an open upstream that does what the script says."""
    made: list[Scripted] = []

    async def make(script: Script) -> Scripted:
        upstream = Scripted(script)
        await upstream.open()
        made.append(upstream)
        return upstream

    yield make
    for each in made:
        await each.close()
    await asyncio.sleep(0)
