"""DNS over TCP: who may connect, how many, and for how long (RFC 7766, RFC 9210).

Invariant: accepting never starves UDP: without file descriptors it rests for a second, and a full house makes room by
closing the connection that has been without a question the longest.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from collections.abc import Iterator, Sequence

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Forward, Transfer
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import Counts
from dnsd.server.asking import SILENCE, Respond, servfail, silence
from dnsd.server.connection import Connection, Later
from dnsd.server.forwarding import Forwarding
from dnsd.server.guests import IDLE_SECONDS, Guests, client_of
from dnsd.server.tally import Tally

CONNECTIONS_MOST = 1000
CONNECTIONS_A_CLIENT_MOST = 100
HELD_OCTETS_MOST = 8 << 20
"""Unread answers and unfinished messages of all connections together."""
TRANSFERS_MOST = 4
"""Zone transfers at a time; each holds on to the zone as it was when it began."""
ACCEPTS_A_TURN = 16
CLOSES_A_TURN = 16
"""Each costs some 50 us: a crowd that comes, or has to go, at once takes its time in parts of less than 1 ms."""
STARVED_PAUSE_SECONDS = 1.0
SWEEP_SECONDS = 0.25
_GOOD = bytes(12)
"""As much of a reply as is counted: NOERROR."""
_STARVED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class TcpServer:
    """Serves the connections of some listening sockets; the limits count all of them together."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        respond: Respond,
        table: Table,
        terms: Terms,
        clock: Clock,
        tally: Tally,
        connections_most: int = CONNECTIONS_MOST,
        a_client_most: int = CONNECTIONS_A_CLIENT_MOST,
        forwarding: Forwarding | None = None,
        idle_seconds_most: float = IDLE_SECONDS,
    ) -> None:
        self._listeners = listeners
        self._respond = respond
        self._table = table
        self._terms = terms
        self._clock = clock
        self._tally = tally
        self._forwarding = forwarding
        self._guests: Guests[Connection] = Guests(connections_most, a_client_most)
        self._patience = idle_seconds_most / IDLE_SECONDS
        self._held = 0
        self._transfers = 0
        self._is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._emptied = asyncio.Event()

    def open(self) -> None:
        """Accept from now on, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._accept_all()
        self._sweep_on()

    def stop_accepting(self) -> None:
        """Take who has connected, then nobody."""
        if self._loop is None or self._is_closing:
            return
        self._is_closing = True
        self._accept_none()
        for listener in self._listeners:
            self._accept(listener)

    async def close(self, within_seconds: float) -> None:
        """Accept no more, answer what was asked, and close all connections within that time."""
        if self._loop is None:
            return
        self.stop_accepting()
        for connection in self._guests:
            connection.finish()
        try:
            async with asyncio.timeout(within_seconds):
                while self._guests:
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            for connection in self._guests:
                connection.close("ended")
        for timer in self._timers.values():
            timer.cancel()
        self._loop = None

    def counts(self) -> Counts:
        """What is open now."""
        return {("dnsd_dns_tcp_connections",): len(self._guests)}

    def sweep(self) -> bool:
        """Close connections whose time is up. True when it stopped at as many as one turn has time for."""
        self._terms.now = int(self._clock.wall())  # the messages of long transfers are signed with it
        now, idle_seconds = self.now(), self._guests.idle_seconds() * self._patience
        closed = 0
        for connection in self._guests:
            reason = connection.overdue(now, idle_seconds, self._patience)
            if reason:
                connection.close(reason)
                closed += 1
                if closed == CLOSES_A_TURN:
                    return True
        return False

    # What connections ask of their host

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock.monotonic()

    def answer(self, packet: bytes, peer: bytes) -> bytes | Later | Iterator[bytes]:
        """The reply to a message, nothing when there is none; the messages of a zone transfer."""
        self._terms.now = int(self._clock.wall())
        chance = random.getrandbits(32)
        try:
            outcome = self._respond(packet, peer, chance, self._table, self._terms)
        except Exception as fault:
            outcome = servfail(packet, fault, self._tally)
        if isinstance(outcome, Transfer):
            return self._begin(outcome)
        later = Later()
        if isinstance(outcome, Forward) and self._forwarding is not None:
            outcome = self._forwarding.answer(outcome, packet, peer, lambda: later.send)
            if outcome == SILENCE:
                return later
        reply, question = outcome if type(outcome) is tuple else silence(outcome, self._tally)
        if self._forwarding is not None:
            reply = self._forwarding.offered([reply], [peer])[0]
        self._tally.answered_one(reply, question)
        return reply

    def transferred(self) -> None:
        """A zone transfer has ended."""
        self._transfers -= 1

    def served(self, connection: Connection) -> None:
        """A whole message has come."""
        self._guests.served(connection)

    def watch(self, connection: Connection, *, is_reading: bool, is_writing: bool) -> None:
        """Call ``read`` or ``write`` when the socket is ready for it."""
        assert self._loop is not None
        if is_writing:
            self._loop.add_writer(connection.descriptor, connection.write)
        else:
            self._loop.remove_writer(connection.descriptor)
        if is_reading:
            self._loop.add_reader(connection.descriptor, connection.read)
        else:
            self._loop.remove_reader(connection.descriptor)

    def hold(self, octets: int) -> bool:
        """Account for octets kept or given back. False: too much is kept."""
        self._held += octets
        return self._held <= HELD_OCTETS_MOST

    def leave(self, connection: Connection, reason: str) -> None:
        """A connection has closed itself."""
        self.watch(connection, is_reading=False, is_writing=False)
        self._guests.remove(connection)
        if reason:
            self._tally.add("dnsd_dns_tcp_closed", reason)
        self._emptied.set()

    def _begin(self, transfer: Transfer) -> bytes | Iterator[bytes]:
        if self._transfers >= TRANSFERS_MOST:
            busy = transfer.busy()
            self._tally.answered_one(busy, transfer.question)
            return busy
        self._transfers += 1
        self._tally.answered_one(_GOOD, transfer.question)
        return self._guarded(transfer.messages)

    def _guarded(self, messages: Iterator[bytes]) -> Iterator[bytes]:
        """The same messages; a fault ends them early, which the peer takes for what it is."""
        try:
            yield from messages
        except Exception as fault:
            servfail(b"", fault, self._tally)

    # Accepting

    def _accept_all(self) -> None:
        assert self._loop is not None
        for listener in self._listeners:
            self._loop.add_reader(listener.fileno(), self._accept, listener)

    def _accept_none(self) -> None:
        assert self._loop is not None
        for listener in self._listeners:
            self._loop.remove_reader(listener.fileno())

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS_A_TURN):
            try:
                connected, address = listener.accept()
            except OSError as fault:
                if fault.errno in _STARVED:
                    self._rest()
                return
            self._welcome(connected, socket.inet_pton(listener.family, address[0].partition("%")[0]))

    def _rest(self) -> None:
        """Accept nobody for a second, and let one go: a full table of files would have the loop spin."""
        assert self._loop is not None
        self._tally.add("dnsd_dns_tcp_refused", "descriptors")
        self._make_room()
        if self._is_closing:
            return
        self._accept_none()
        self._timers["rest"] = self._loop.call_later(STARVED_PAUSE_SECONDS, self._accept_all)

    def _welcome(self, connected: socket.socket, peer: bytes) -> None:
        client = client_of(peer)
        if not self._guests.is_welcome(client):
            self._refuse(connected, "client")
            return
        if self._guests.is_full and not self._make_room():
            self._refuse(connected, "total")
            return
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(connected, peer, client, self)
        self._guests.add(connection)
        self._tally.add("dnsd_dns_tcp_accepted")
        self.watch(connection, is_reading=True, is_writing=False)

    def _refuse(self, connected: socket.socket, limit: str) -> None:
        self._tally.add("dnsd_dns_tcp_refused", limit)
        connected.close()

    def _make_room(self) -> bool:
        leaving = self._guests.longest_silent()
        if leaving is not None:
            leaving.close("full")
        return leaving is not None

    def _sweep_on(self) -> None:
        assert self._loop is not None
        pause = 0 if self.sweep() else SWEEP_SECONDS
        self._timers["sweep"] = self._loop.call_later(pause, self._sweep_on)
