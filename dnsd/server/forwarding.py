"""How the doors of a responder hand questions to the forwarder, and send what comes of them, at once or later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from dnsd.answer.forwarded import is_offered, offering
from dnsd.answer.terms import Terms
from dnsd.forward.forwarder import Forwarder
from dnsd.model.message import Forward, Reply, Resolved
from dnsd.server.asking import SILENCE, servfail
from dnsd.server.tally import Tally

Send = Callable[[bytes], None]
"""Sends a reply to whom it is for; nothing when it is empty."""
Limit = Callable[[Reply, bytes, bytes], Reply]
"""What becomes of a reply to a packet from a peer's address octets: itself, or less when he has had too many."""


class Forwarding:
    """One transport's way to the forwarder; ``terms`` and ``tally`` are that transport's.

    ``limit`` is for what goes out later; what is at hand goes with the other replies of its batch, and is limited so.
    """

    def __init__(self, forwarder: Forwarder, terms: Terms, tally: Tally, limit: Limit | None = None) -> None:
        self._forwarder = forwarder
        self._terms = terms
        self._tally = tally
        self._limit = limit

    def answer(self, forward: Forward, packet: bytes, peer: bytes, send_of: Callable[[], Send]) -> Reply:
        """The reply to ``packet`` when it is at hand, else silence now, and it is sent and counted later.

        ``send_of`` is called to learn how, only when it has to be.
        """
        resolved = self._forwarder.at_hand(forward.wanted)
        if resolved is not None:
            return self._finished(forward, packet, resolved)
        self._forwarder.ask(forward.wanted, partial(self._answer_late, forward, packet, peer, send_of()))
        return SILENCE

    def offered(self, replies: Sequence[bytes], peers: Sequence[bytes]) -> tuple[bytes, ...]:
        """The replies, those to clients for whom we forward saying so (RA)."""
        terms = self._terms
        return tuple(
            offering(reply) if reply and is_offered(peer, terms) else reply
            for reply, peer in zip(replies, peers, strict=True)
        )

    def _answer_late(self, forward: Forward, packet: bytes, peer: bytes, send: Send, resolved: Resolved) -> None:
        answer = self._finished(forward, packet, resolved)
        reply, question = answer if self._limit is None else self._limit(answer, packet, peer)
        if reply and is_offered(peer, self._terms):
            reply = offering(reply)
        self._tally.answered_one(reply, question)
        send(reply)

    def _finished(self, forward: Forward, packet: bytes, resolved: Resolved) -> Reply:
        try:
            return forward.finish(resolved), forward.question
        except Exception as fault:
            return servfail(packet, fault, self._tally)
