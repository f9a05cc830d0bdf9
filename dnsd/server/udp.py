"""DNS over UDP: datagrams in batches, each answered on the spot.

Invariant: one packet never costs the others of its batch their answers.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Sequence
from functools import partial

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Forward, Outcome, Reply
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import TURNS, Counts
from dnsd.runtime.durations import Durations
from dnsd.server.asking import Respond, servfail, silence
from dnsd.server.datagrams import Sender
from dnsd.server.forwarding import Forwarding
from dnsd.server.limiter import Limiter
from dnsd.server.mmsg import open_datagrams
from dnsd.server.tally import Tally

BATCHES_A_TURN = 8
"""So many batches at most, then the loop serves others: some 4 ms."""
BATCH_WORTH_ANOTHER = 16
"""After a batch of so many, looking once more at once costs less than the loop's own way round."""


def _chances(number: int) -> Sequence[int]:
    """So many times 32 random bits. Which record stands first needs no secret: the plain generator is good enough."""
    if number == 1:
        return (random.getrandbits(32),)
    return memoryview(random.randbytes(4 * number)).cast("I")  # noqa: S311


class UdpServer:
    """Answers one socket from ``table``. ``terms`` belong to this transport; their ``now`` is set here.

    ``has_siblings``: other responders have sockets of the same address. Each then gets less at a time, and a batch of
    ten costs a fifth more a packet than one of forty. So after a batch of many, whoever wants our core goes first:
    often it brings the next packets. Measured: two responders cost a tenth less, and beside busy loops answer as much.
    (In real time, while they take little, they give way to nobody by it.)
    """

    def __init__(
        self,
        udp: socket.socket,
        respond: Respond,
        table: Table,
        terms: Terms,
        clock: Clock,
        tally: Tally,
        limiter: Limiter | None = None,
        forwarding: Forwarding | None = None,
        has_siblings: bool = False,
    ) -> None:
        self._udp = udp
        self._respond = respond
        self._table = table
        self._terms = terms
        self._clock = clock
        self._tally = tally
        self._limiter = limiter
        self._forwarding = forwarding
        self._has_siblings = has_siblings
        self._datagrams = open_datagrams(udp)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_writing = False
        self._turns = Durations()

    def open(self) -> None:
        """Answer from now on, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._udp.fileno(), self._take_turn)

    def close(self) -> None:
        """Answer what has come already, then no more. The socket stays open."""
        if self._loop is None:
            return
        self._loop.remove_reader(self._udp.fileno())
        self._take_turn()
        self._loop.remove_writer(self._udp.fileno())
        self._loop = None

    def counts(self) -> Counts:
        """What its socket alone knows; all else is in the tally."""
        failed, portless = self._datagrams.failed, self._datagrams.portless
        dropped = {"unsendable": failed, "port-0": portless, "short": -portless}
        counts: Counts = {("dnsd_dns_dropped", "udp", reason): number for reason, number in dropped.items() if number}
        # Whole numbers, which travel between processes and are added up: by bucket, and the sum in microseconds.
        counts |= {(TURNS, str(index)): number for index, number in enumerate(self._turns.numbers) if number}
        return counts | {(TURNS, "sum"): round(self._turns.sum_seconds * 1e6)}

    def answer_batch(self) -> int:
        """Answer what waits, at most one batch; returns how many packets that were."""
        packets = self._datagrams.receive()
        if not packets:
            return 0
        respond, table, terms, tally = self._respond, self._table, self._terms, self._tally
        terms.now = int(self._clock.wall())
        chances = _chances(len(packets))
        answers: list[Reply] = []
        for packet, peer, chance in zip(packets, self._datagrams.peers, chances, strict=True):
            try:
                outcome = respond(packet, peer, chance, table, terms)
            except Exception as fault:
                outcome = servfail(packet, fault, tally)
            answers.append(outcome if type(outcome) is tuple else self._take(outcome, packet, peer, len(answers)))
        if self._limiter is not None:
            answers = self._limiter.limited(answers, packets, self._datagrams.peers, self._clock.monotonic(), terms)
        replies, questions = zip(*answers, strict=True)
        if self._forwarding is not None:
            replies = self._forwarding.offered(replies, self._datagrams.peers)
        if not self._datagrams.send(replies):
            self._await_room()
        tally.answered(replies, questions)
        return len(packets)

    def answer_waiting(self) -> None:
        """Answer what has come meanwhile, at most a batch: for who has the loop for long. Nothing while closed."""
        if self._loop is not None:
            self.answer_batch()

    def _take(self, outcome: Outcome, packet: bytes, peer: bytes, index: int) -> Reply:
        """What to send now for an outcome that is no reply, to the sender of datagram ``index`` of the batch."""
        if self._forwarding is None or not isinstance(outcome, Forward):
            return silence(outcome, self._tally)
        return self._forwarding.answer(
            outcome, packet, peer, lambda: partial(self._send_late, self._datagrams.sender(index))
        )

    def _send_late(self, sender: Sender, reply: bytes) -> None:
        if reply and self._loop is not None and not self._datagrams.send_to(sender, reply):
            self._await_room()

    def _take_turn(self) -> None:
        began = self._clock.monotonic()
        self._answer_batches()
        self._turns.note(self._clock.monotonic() - began)

    def _answer_batches(self) -> None:
        for _ in range(BATCHES_A_TURN):
            if self.answer_batch() < BATCH_WORTH_ANOTHER:
                break
            if self._has_siblings:
                os.sched_yield()

    def _await_room(self) -> None:
        if self._loop is not None and not self._is_writing:
            self._is_writing = True
            self._loop.add_writer(self._udp.fileno(), self._write_on)

    def _write_on(self) -> None:
        if self._datagrams.flush() and self._loop is not None:
            self._is_writing = False
            self._loop.remove_writer(self._udp.fileno())
