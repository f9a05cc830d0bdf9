"""One message in, its reply out, for the doors that wait for it: DNS over TLS and DNS over HTTPS."""

from __future__ import annotations

import asyncio
import random

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Forward
from dnsd.runtime.clock import Clock
from dnsd.server.asking import SILENCE, Respond, servfail, silence
from dnsd.server.forwarding import Forwarding
from dnsd.server.tally import Tally


class Answering:
    """Answers out of ``table``, and through ``forwarding`` where that is wanted; ``terms`` and ``tally`` are its own.

    The same answers as at the other doors: what differs is who may read them on their way.
    """

    def __init__(
        self,
        respond: Respond,
        table: Table,
        terms: Terms,
        clock: Clock,
        tally: Tally,
        forwarding: Forwarding | None = None,
    ) -> None:
        self._respond = respond
        self._table = table
        self._terms = terms
        self._clock = clock
        self.tally = tally
        self._forwarding = forwarding

    async def answer(self, packet: bytes, peer: bytes) -> bytes:
        """The reply to a message from ``peer`` (4 or 16 octets); nothing when there is none. Never raises."""
        self._terms.now = int(self._clock.wall())
        try:
            outcome = self._respond(packet, peer, random.getrandbits(32), self._table, self._terms)
        except Exception as fault:
            outcome = servfail(packet, fault, self.tally)
        if isinstance(outcome, Forward) and self._forwarding is not None:
            late: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            outcome = self._forwarding.answer(outcome, packet, peer, lambda: lambda reply: _settle(late, reply))
            if outcome == SILENCE:
                return await late  # counted by who brings it
        # A transfer is nothing for these doors: nobody is allowed one in their terms.
        reply, question = outcome if type(outcome) is tuple else silence(outcome, self.tally)
        if self._forwarding is not None:
            reply = self._forwarding.offered([reply], [peer])[0]
        self.tally.answered_one(reply, question)
        return reply


def _settle(late: asyncio.Future[bytes], reply: bytes) -> None:
    if not late.done():  # who asked may have gone
        late.set_result(reply)
