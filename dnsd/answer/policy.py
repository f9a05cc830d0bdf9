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
class Said:
    """A reply; ``elsewhere``: the name that is forwarded, if one is. The reply is our own part of the answer then."""

    reply: bytes
    elsewhere: Name | None

    def message(self) -> Message:
        """The reply read. What upstreams will say of a name that is none of ours is not known here: nothing."""
        message = read_message(self.reply)
        if self.elsewhere is None or message.answer:
            return message
        return replace(message, rcode=Rcode.NOERROR, authority=(), additional=())


def said(asked: Asked, packet: bytes, table: Table, chance: int, policy: Policy, is_tcp: bool) -> Said:
    """What the client is told over UDP or TCP; ``packet``: of ``asked``; ``chance``: 32 uniform random bits."""

    def outcome(forwarding: frozenset[Name] | None) -> object:
        return respond_to_some(packet, asked.peer, chance, table, policy.terms(is_tcp, forwarding))

    first = outcome(policy.forwarding)
    elsewhere = first.wanted.owner if isinstance(first, Forward) else None
    reply = first if elsewhere is None else outcome(None)
    assert isinstance(reply, tuple), "a question of our own making is answered"
    return Said(reply[0], elsewhere)
