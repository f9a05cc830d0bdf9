"""One question, one upstream: UDP, then TCP when that is needed; or TLS, which needs neither."""

from __future__ import annotations

import ssl
from collections import Counter

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.health import Health
from dnsd.forward.query import Query, is_truncated
from dnsd.forward.reply import Learnt, read_reply
from dnsd.forward.tcp import ask_over_tcp
from dnsd.forward.tls import TlsLine
from dnsd.forward.udp import Unsure, ask_over_udp
from dnsd.forward.upstream import Upstream
from dnsd.model.message import Wanted
from dnsd.runtime.clock import Clock

TRY_SECONDS = 1.5


class Exchange:
    """Asks upstreams and sees how they do. ``outcomes`` counts what came of it, by one word each."""

    def __init__(
        self, health: Health, clock: Clock, mixes_case: bool = False, context: ssl.SSLContext | None = None
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self._health = health
        self._clock = clock
        self._mixes_case = mixes_case
        self._context = context
        self._lines: dict[Upstream, TlsLine] = {}

    async def ask(self, upstream: Upstream, wanted: Wanted) -> Learnt:
        """What ``upstream`` says. Raises UpstreamFailed."""
        started = self._clock.monotonic()
        try:
            learnt = read_reply(await self._transported(upstream, Query(wanted, self._mixes_case)), wanted)
        except UpstreamFailed as failure:
            self.outcomes[failure.outcome] += 1
            if failure.is_answer:
                self._health.answered(upstream, self._clock.monotonic() - started)
            else:
                self._health.failed(upstream)
            raise
        self.outcomes["answered"] += 1
        self._health.answered(upstream, self._clock.monotonic() - started)
        return learnt

    async def close(self) -> None:
        """End all connections."""
        for line in self._lines.values():
            await line.close()

    async def _transported(self, upstream: Upstream, query: Query) -> bytes:
        if upstream.is_tls:
            return await self._line(upstream).ask(query, TRY_SECONDS)
        try:
            packet = await ask_over_udp(upstream, query, TRY_SECONDS)
            if not is_truncated(packet):
                return packet
            self.outcomes["truncated"] += 1
        except Unsure as unsure:
            self.outcomes[unsure.outcome] += 1
        return await ask_over_tcp(upstream, Query(query.wanted, self._mixes_case), TRY_SECONDS)

    def _line(self, upstream: Upstream) -> TlsLine:
        if upstream not in self._lines:
            assert self._context is not None
            self._lines[upstream] = TlsLine(upstream, self._context)
        return self._lines[upstream]
