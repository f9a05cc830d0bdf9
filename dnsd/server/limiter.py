"""Response rate limiting over UDP: nobody makes us flood somebody whose address he only borrows.

Every network (/24, /56) has three token buckets, for answers, for names that are not and for errors, whatever was
asked: a limit for each question would be none for whoever knows many names. Over the limit every ``slip``-th reply is
truncated, so who really asks comes by TCP, which nobody can spoof, and the others are dropped. Whoever sends a cookie
of ours has shown where he is, and has no limit.

The rate is the replica's. Where each datagram goes to a responder that is drawn, each responder has an equal share of
rate and burst: what is drawn evenly fills the shares alike, and together they are the whole. Where a client's port is
one responder's alone, each has the whole.

Invariant: for networks that are exempt a batch costs one look at a set, and the buckets are bounded in number.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from cachetools import LRUCache

from dnsd.answer.access import CLOSE_BY
from dnsd.answer.networks import Networks, unmapped
from dnsd.answer.slip import has_our_cookie, truncated
from dnsd.answer.terms import Terms
from dnsd.model.message import Rcode, Reply
from dnsd.runtime.log import Once
from dnsd.server.asking import SILENCE
from dnsd.server.tally import Tally

BUCKETS_MOST = 10_000
_EXEMPT_KNOWN_MOST = 4096
_NETWORK_OCTETS = {4: 3, 16: 7}
_ANSWER, _DENIAL, _ERROR = b"a", b"d", b"e"
_KINDS: dict[int, bytes] = {Rcode.NOERROR: _ANSWER, Rcode.NXDOMAIN: _DENIAL}
_RCODE = 0x0F
_LOG_EVERY = 256
_once = Once(logging.getLogger("dnsd.server"))


@dataclass(frozen=True, slots=True)
class Rate:
    """How many replies of one kind a second go to one network; a second's worth may go at once.

    ``slip``: every so many-th reply above that is truncated instead of dropped, 0: none. ``exempt``: networks without
    a limit.
    """

    replies: int
    slip: int = 2
    exempt: Sequence[str] = CLOSE_BY


class Limiter:
    """Holds the replies of all UDP sockets of a responder to one of ``shares`` equal shares of ``rate``."""

    def __init__(self, rate: Rate, tally: Tally, shares: int = 1) -> None:
        # Time is what is divided, not a number of tokens: a third of 100 a second is 33.3, of 1 it is one in 3 s.
        self._seconds_each = shares / rate.replies
        # A second's worth of tokens less one; half a token lies between that and what rounding makes of it. Whose
        # second is worth less than a token still has that one when he has been silent long enough.
        self._seconds_most = max(0.0, 1 - self._seconds_each / 2)
        self._slip = rate.slip
        self._exempt = Networks((network, True) for network in rate.exempt)
        self._known_exempt: set[bytes] = set()
        # When the bucket will be full again: all that a token bucket has to remember.
        self._full_at: LRUCache[bytes, float] = LRUCache(BUCKETS_MOST)
        self._tally = tally
        self._excess = 0

    def limited(
        self, answers: list[Reply], packets: Sequence[bytes], peers: Sequence[bytes], now: float, terms: Terms
    ) -> list[Reply]:
        """The same replies, those above the limit dropped or truncated; ``now`` in monotonic seconds."""
        if self._known_exempt.issuperset(peers):
            return answers
        limited = []
        for answer, packet, peer in zip(answers, packets, peers, strict=True):
            is_within = not answer[0] or self._is_within(answer[0], peer, now)
            limited.append(answer if is_within else self._over(answer, packet, peer, terms))
        return limited

    def limited_one(self, answer: Reply, packet: bytes, peer: bytes, now: float, terms: Terms) -> Reply:
        """The same for a reply that comes later than its batch."""
        is_within = not answer[0] or self._is_within(answer[0], peer, now)
        return answer if is_within else self._over(answer, packet, peer, terms)

    def _is_within(self, reply: bytes, peer: bytes, now: float) -> bool:
        if peer in self._known_exempt or self._is_exempt(peer):
            return True
        address = unmapped(peer)
        bucket = _KINDS.get(reply[3] & _RCODE, _ERROR) + address[: _NETWORK_OCTETS[len(address)]]
        full_at = max(self._full_at.get(bucket, -math.inf), now)
        if full_at - now > self._seconds_most:
            return False
        self._full_at[bucket] = full_at + self._seconds_each
        return True

    def _is_exempt(self, peer: bytes) -> bool:
        if not self._exempt.find(peer):
            return False
        if len(self._known_exempt) >= _EXEMPT_KNOWN_MOST:
            self._known_exempt.clear()
        self._known_exempt.add(peer)
        return True

    def _over(self, answer: Reply, packet: bytes, peer: bytes, terms: Terms) -> Reply:
        reply, question = answer
        if has_our_cookie(packet, peer, terms):
            return answer
        if self._excess % _LOG_EVERY == 0:
            _once.warning("rate", "rate_limit: too many questions from the network of %s", ip_address(unmapped(peer)))
        self._excess += 1
        if not self._slip or self._excess % self._slip:
            self._tally.dropped("rate-limit")
            return SILENCE
        self._tally.add("dnsd_dns_slipped")
        # An error is no larger than its question, and TCP would not make it better.
        is_error = (reply[3] & _RCODE) not in _KINDS
        return answer if is_error else (truncated(packet, peer, terms), question)
