"""A responder: the sockets of a replica, answered out of one table; a process of its own, or a part of control's.

Traffic is opened after the first full load or some seconds, whichever is first; until then the ports are closed, and
clients go to their next server at once.
"""

from __future__ import annotations

import asyncio
import resource
import select
from collections.abc import Mapping, Sequence

from dnsd.answer.access import EVERYBODY, Access
from dnsd.answer.allowed import NOBODY, Allowed
from dnsd.answer.forwarded import is_ours
from dnsd.answer.respond import respond as respond_really
from dnsd.answer.respond import respond_to_some
from dnsd.answer.short import ShortNames
from dnsd.answer.terms import Terms
from dnsd.authority.journal import Journal
from dnsd.authority.table import Table
from dnsd.codec.tsig import Keyring
from dnsd.forward.forwarder import Forwarder
from dnsd.model.message import UDP_PAYLOAD_DEFAULT
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import Counts, add
from dnsd.runtime.tasks import Tasks
from dnsd.server.asking import Respond
from dnsd.server.forwarding import Forwarding, Limit
from dnsd.server.guests import IDLE_SECONDS, connections_possible
from dnsd.server.limiter import Limiter, Rate
from dnsd.server.querylog import QueryLog
from dnsd.server.sockets import DnsSocket
from dnsd.server.source import Source
from dnsd.server.tally import Tally
from dnsd.server.tcp import CONNECTIONS_A_CLIENT_MOST, CONNECTIONS_MOST, TcpServer
from dnsd.server.udp import UdpServer

OPEN_WITHIN_SECONDS = 5.0
FINISH_SECONDS = 2.0
"""So long may a peer take to read its last answers when we end."""


class Responder:
    """Answers ``sockets`` from ``table``, which ``source`` fills; ``cookie_secret`` serves until it brings its own.

    ``open_within_seconds``: so long the ports stay closed when nothing is loaded. ``transfer_to``: who may have the
    zones; ``keyring``: the keys that requests may be signed with; ``access``: who may ask; ``short_names``: whose
    single labels are services; ``rate``: the replica's limit of replies over UDP; ``forwarder``: asks others, if
    anybody does; ``query_log``: one question in so many is logged, 0: none.
    """

    def __init__(
        self,
        sockets: Sequence[DnsSocket],
        source: Source,
        table: Table,
        clock: Clock,
        *,
        cookie_secret: bytes = b"",
        udp_payload_most: int = UDP_PAYLOAD_DEFAULT,
        tcp_connections_most: int = CONNECTIONS_MOST,
        tcp_per_client_most: int = CONNECTIONS_A_CLIENT_MOST,
        tcp_idle_seconds: float = IDLE_SECONDS,
        open_within_seconds: float = OPEN_WITHIN_SECONDS,
        transfer_to: Allowed = NOBODY,
        keyring: Keyring | None = None,
        access: Access = EVERYBODY,
        short_names: ShortNames | None = None,
        rate: Rate | None = None,
        forwarder: Forwarder | None = None,
        query_log: int = 0,
        respond: Respond = respond_really,
    ) -> None:
        self._sockets = sockets
        self._source = source
        self._table = table
        self._clock = clock
        self._respond = respond if access.is_open else respond_to_some
        self._open_within_seconds = open_within_seconds
        self._limits = tcp_connections_most, tcp_per_client_most
        self._tcp_idle_seconds = tcp_idle_seconds
        self._udp_terms = Terms(payload_most=udp_payload_most, cookie_secret=cookie_secret)
        self._tcp_terms = Terms(is_tcp=True, payload_most=udp_payload_most, cookie_secret=cookie_secret)
        self._take_terms({"transfer_to": transfer_to, "keyring": keyring})
        self._take_terms({"access": access, "short_names": short_names})
        self._forwarder = forwarder
        if forwarder is not None:
            forwarder.is_ours = lambda name: is_ours(table.nodes, name)
            self._take_terms({"forwarding": forwarder.reverse})
        if transfer_to:
            table.journal = Journal()
        self._udp_tally, self._tcp_tally = Tally("udp"), Tally("tcp")
        if query_log:
            self._respond = QueryLog(query_log, self._udp_tally).around(self._respond)
        self._rate = rate
        self._udp: dict[int, UdpServer] = {}
        self._waiting = select.poll()
        self._tcp: TcpServer | None = None
        self._is_stopping = False
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Answer until :meth:`stop` has ended it. Raises InvalidSetting when a port cannot be opened."""
        self._source.open(self.counts, self._take_terms, self._answer_waiting)
        tasks = Tasks("responder")
        loaded, ended = tasks.start("loaded", self._source.loaded.wait()), tasks.start("ended", self._ended.wait())
        await asyncio.wait((loaded, ended), timeout=self._open_within_seconds, return_when=asyncio.FIRST_COMPLETED)
        await tasks.stop()
        if not self._is_stopping:
            self._open_traffic()
        await self._ended.wait()

    async def stop(self, lame_duck_seconds: float) -> None:
        """Answer for that long still; then take no new connection, finish, close the ports, end."""
        if self._tcp is not None:
            await self._clock.sleep(lame_duck_seconds)
        self._is_stopping = True
        if self._tcp is not None:
            self._tcp.stop_accepting()
            for each in self._sockets:
                each.stop_listening()
            await self._tcp.close(FINISH_SECONDS)
            if self._forwarder is not None:
                await self._forwarder.idle(FINISH_SECONDS)
            for server in self._udp.values():
                server.close()
            for each in self._sockets:
                each.close_traffic()
        if self._forwarder is not None:
            await self._forwarder.close()
        self._source.close()
        self._ended.set()

    def counts(self) -> Counts:
        """All that was counted since the start, and what is open now."""
        total = self._udp_tally.counts()
        add(total, self._tcp_tally.counts())
        for server in self._udp.values():
            add(total, server.counts())
        if self._tcp is not None:
            add(total, self._tcp.counts())
        if self._forwarder is not None:
            add(total, self._forwarder.counts())
        return total

    def _answer_waiting(self) -> None:
        # One look at all sockets costs a quarter of an attempt to read one.
        for descriptor, _ in self._waiting.poll(0):
            self._udp[descriptor].answer_waiting()

    def _open_traffic(self) -> None:
        for each in self._sockets:
            each.open_traffic()
        limiter = self._make_limiter()
        for each in self._sockets:
            server = UdpServer(
                each.udp,
                self._respond,
                self._table,
                self._udp_terms,
                self._clock,
                self._udp_tally,
                limiter,
                self._forwarding(self._udp_terms, self._udp_tally, self._limit(limiter)),
                has_siblings=each.responders > 1,
            )
            server.open()
            self._udp[each.udp.fileno()] = server
            self._waiting.register(each.udp, select.POLLIN)
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        connections_most, a_client_most = self._limits
        self._tcp = TcpServer(
            [each.tcp for each in self._sockets],
            self._respond,
            self._table,
            self._tcp_terms,
            self._clock,
            self._tcp_tally,
            connections_possible(connections_most, descriptors),
            a_client_most,
            self._forwarding(self._tcp_terms, self._tcp_tally),
            self._tcp_idle_seconds,
        )
        self._tcp.open()

    def _make_limiter(self) -> Limiter | None:
        """The limiter of all UDP sockets; asked for once they are open, because only then it shows who shares them."""
        if self._rate is None:
            return None
        return Limiter(self._rate, self._udp_tally, min((each.drawn_among for each in self._sockets), default=1))

    def _limit(self, limiter: Limiter | None) -> Limit | None:
        """How a reply is limited that leaves later than its batch."""
        if limiter is None:
            return None
        clock, terms = self._clock, self._udp_terms
        return lambda answer, packet, peer: limiter.limited_one(answer, packet, peer, clock.monotonic(), terms)

    def _forwarding(self, terms: Terms, tally: Tally, limit: Limit | None = None) -> Forwarding | None:
        return None if self._forwarder is None else Forwarding(self._forwarder, terms, tally, limit)

    def _take_terms(self, terms: Mapping[str, object]) -> None:
        for name, value in terms.items():
            setattr(self._udp_terms, name, value)
            setattr(self._tcp_terms, name, value)
