"""One question to a DNS server and its reply: over UDP, again over TCP when the reply was cut (RFC 7766 5)."""

from __future__ import annotations

import secrets
import socket
import struct
from dataclasses import dataclass
from errno import ECONNREFUSED

from dnsd.cli.failures import CommandFailed
from dnsd.codec.wire import Message, Question, query_packet, read_message
from dnsd.model.errors import MalformedQuery
from dnsd.model.message import TCP_PAYLOAD_MOST, RRClass
from dnsd.model.names import Name
from dnsd.runtime.clock import Clock
from dnsd.server.address import Address

UDP_TRIES = 2

_LENGTH = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A reply, how it came (``UDP``, ``TCP``, ``none``), from where, its octets and how many seconds it took."""

    message: Message
    transport: str
    server: str
    octets: int
    seconds: float


class Exchange:
    """Asks one server; each try waits ``timeout_seconds``. Raises CommandFailed when no reply comes of it."""

    def __init__(self, server: Address, timeout_seconds: float, clock: Clock) -> None:
        self._server = server
        self._timeout_seconds = timeout_seconds
        self._clock = clock

    def ask(self, qname: Name, qtype: int, is_tcp: bool = False) -> Exchanged:
        """The reply to this question, whole if the server can give it so."""
        started = self._clock.monotonic()
        packet = query_packet(secrets.randbelow(1 << 16), qname, qtype)
        try:
            transport, reply = ("TCP", self._over_tcp(packet)) if is_tcp else ("UDP", self._over_udp(packet))
            message = self._read(reply)
            if "tc" in message.flags and not is_tcp:
                transport, reply = "TCP", self._over_tcp(packet)
                message = self._read(reply)
        except TimeoutError:
            raise CommandFailed(f"no reply from {self._server} within {self._patience(is_tcp)}") from None
        except OSError as fault:
            hint = "; is `dnsd serve` running there? --dns says whom to ask" if fault.errno == ECONNREFUSED else ""
            raise CommandFailed(f"{self._server}: {fault.strerror or fault}{hint}") from None
        # A header-only reply, such as FORMERR, repeats no question.
        if reply[:2] != packet[:2] or message.questions not in ((), (Question(qname, qtype, RRClass.IN),)):
            raise CommandFailed(f"{self._server} answered another question")
        return Exchanged(message, transport, str(self._server), len(reply), self._clock.monotonic() - started)

    def _over_udp(self, packet: bytes) -> bytes:
        """The first packet with our id; what else comes is not for us. Raises OSError."""
        with socket.socket(self._server.family, socket.SOCK_DGRAM) as sock:
            sock.connect((self._server.host, self._server.port))  # so that a closed port is told
            for _ in range(UDP_TRIES):
                sock.send(packet)
                deadline = self._clock.monotonic() + self._timeout_seconds
                while (left := deadline - self._clock.monotonic()) > 0:
                    sock.settimeout(left)
                    try:
                        reply = sock.recv(TCP_PAYLOAD_MOST)
                    except TimeoutError:
                        break
                    if reply[:2] == packet[:2]:
                        return reply
        raise TimeoutError

    def _over_tcp(self, packet: bytes) -> bytes:
        """The reply on a connection of its own. Raises OSError."""
        deadline = self._clock.monotonic() + self._timeout_seconds
        address = self._server.host, self._server.port
        with socket.create_connection(address, timeout=self._timeout_seconds) as sock:
            sock.sendall(_LENGTH.pack(len(packet)) + packet)
            (length,) = _LENGTH.unpack(self._exactly(sock, _LENGTH.size, deadline))
            return self._exactly(sock, length, deadline)

    def _exactly(self, sock: socket.socket, length: int, deadline: float) -> bytes:
        octets = bytearray()
        while len(octets) < length:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            more = sock.recv(length - len(octets))
            if not more:
                raise ConnectionError("the connection was closed before the reply was whole")
            octets += more
        return bytes(octets)

    def _read(self, reply: bytes) -> Message:
        try:
            return read_message(reply)
        except MalformedQuery as fault:
            raise CommandFailed(f"the reply of {self._server} cannot be read: {fault}") from None

    def _patience(self, is_tcp: bool) -> str:
        return f"{self._timeout_seconds:g} s" if is_tcp else f"{UDP_TRIES} tries of {self._timeout_seconds:g} s"
