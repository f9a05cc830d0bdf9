"""What a client over its rate is told: come by TCP (TC and nothing else), unless it proves that it is who it seems."""

from __future__ import annotations

from dnsd.answer.cookies import cookie_option, is_valid
from dnsd.answer.edns import Edns, opt_octets
from dnsd.answer.scan import HEADER_OCTETS, read_bare_edns, read_query
from dnsd.answer.terms import Terms
from dnsd.model.errors import MalformedQuery

_OPCODE_AND_RD = 0x79
_QR_TC = 0x82


def has_our_cookie(packet: bytes, peer: bytes, terms: Terms) -> bool:
    """True when the query holds a cookie that we gave this address: it is not spoofed (RFC 7873 5.2.4)."""
    edns = _edns(packet)
    if edns is None or edns.cookie is None:
        return False
    return is_valid(edns.cookie, peer, terms.now, terms.cookie_secret)


def truncated(packet: bytes, peer: bytes, terms: Terms) -> bytes:
    """The reply to a readable query that says nothing but TC, and the cookie for next time: no larger than asking."""
    edns = _edns(packet)
    opt = b"" if edns is None else opt_octets(terms.payload_most, edns.is_do, cookie_option(edns, peer, terms))
    counts = bytes((packet[4], packet[5], 0, 0, 0, 0, 0, bool(opt)))
    question = read_query(packet).question if packet[5] else b""
    return b"".join((packet[:2], bytes((_QR_TC | packet[2] & _OPCODE_AND_RD, 0)), counts, question, opt))


def _edns(packet: bytes) -> Edns | None:
    if len(packet) < HEADER_OCTETS or not int.from_bytes(packet[10:12]):
        return None
    try:
        return read_query(packet).edns if packet[5] else read_bare_edns(packet)
    except MalformedQuery:
        return None
