"""What the doors to DNS are set to, and the reply that one client of theirs would get: for who tells it elsewhere.

The doors themselves have their terms from the same settings; here a question comes from the API, not in a packet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

from dnsd.answer.access import EVERYBODY, Access
from dnsd.answer.respond import respond_to_some
from dnsd.answer.short import ShortNames
from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.codec.wire import Message, query_packet, read_message
from dnsd.model.message import UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST, Forward, Rcode
from dnsd.model.names import Name

_ANCOUNT = slice(6, 8)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its name as written, its type, the client's address, and the octets that the client can take over
    UDP (512: it sends no EDNS).
    """

    qname: Name
    rtype: int
    client: str
    payload: int

    @property
    def peer(self) -> bytes:
        """The octets of the client's address."""
        return ip_address(self.client).packed

    def packet(self) -> bytes:
        """The question as that client sends it."""
        has_edns = self.payload > UDP_PAYLOAD_LEAST
        return query_packet(0, self.qname, self.rtype, payload=self.payload if has_edns else None)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the doors to DNS are set to, as in ``Terms``; ``forwarding``: none where nothing is forwarded."""

    payload_most: int = UDP_PAYLOAD_DEFAULT
    access: Access = EVERYBODY
    short_names: ShortNames | None = None
    forwarding: frozenset[Name] | None = None

    def terms(self, is_tcp: bool, forwarding: frozenset[Name] | None) -> Terms:
        """Terms of one of the doors."""
        terms = Terms(is_tcp=is_tcp, payload_most=self.payload_most)
        terms.access, terms.short_names, terms.forwarding = self.access, self.short_names, forwarding
        return terms


AS_THEY_COME = Policy()
"""Nobody is refused, nothing is forwarded, no name is short."""


@dataclass(frozen=True, slots=True)
class OwnReply:
    """A reply in octets; when a name is forwarded, ``elsewhere``, only our own part of what the client gets."""

    octets: bytes
    elsewhere: Name | None

    @property
    def is_void(self) -> bool:
        """True when nothing of the answer is ours: what upstreams will say is not known here."""
        return self.elsewhere is not None and self.octets[_ANCOUNT] == bytes(2)

    def message(self) -> Message:
        """The reply read; of a void one nothing but that it is one."""
        message = read_message(self.octets)
        return replace(message, rcode=Rcode.NOERROR, authority=(), additional=()) if self.is_void else message


class Stub:
    """A stub resolver (RFC 9499 section 6) with one question, at our door over TCP or UDP."""

    def __init__(self, asked: Asked, policy: Policy, is_tcp: bool) -> None:
        self._packet = asked.packet()
        self._peer = asked.peer
        self._terms = policy.terms(is_tcp, policy.forwarding)
        self._own_terms = policy.terms(is_tcp, None)

    def ask(self, table: Table, chance: int) -> OwnReply:
        """What it is told; ``chance``: 32 uniform random bits."""
        outcome = respond_to_some(self._packet, self._peer, chance, table, self._terms)
        elsewhere = None
        if isinstance(outcome, Forward):
            elsewhere = outcome.wanted.owner
            outcome = respond_to_some(self._packet, self._peer, chance, table, self._own_terms)
        assert isinstance(outcome, tuple), "a question of our own making is answered"
        return OwnReply(outcome[0], elsewhere)
