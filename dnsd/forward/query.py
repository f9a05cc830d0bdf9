"""One query to an upstream, and what counts as its answer (RFC 5452 9.1).

EDNS is hop by hop (RFC 6891 6.1.1): the query has an OPT of our own whatever the client sent, DO apart, and no options.
"""

from __future__ import annotations

import secrets

from dnsd.answer.edns import opt_octets
from dnsd.model.message import UDP_PAYLOAD_DEFAULT, Wanted
from dnsd.model.names import Name

HEADER_OCTETS = 12
_QR_OPCODE = 0xF8
_QR, _TC = 0x80, 0x02
_CASE = 0x20


class Query:
    """A question on its way to one upstream, once: ``packet`` with an id of its own.

    ``mixes_case``: the name's letters are upper or lower case at random, and the answer must have them so (0x20).
    """

    def __init__(self, wanted: Wanted, mixes_case: bool = False) -> None:
        self.wanted = wanted
        self._mixes_case = mixes_case
        self._qname = mixed(wanted.owner) if mixes_case else wanted.owner
        self.ident = secrets.token_bytes(2)
        head = bytes((1, 0x10 if wanted.is_cd else 0, 0, 1, 0, 0, 0, 0, 0, 1))
        opt = opt_octets(UDP_PAYLOAD_DEFAULT, wanted.is_do)
        self.packet = b"".join((self.ident, head, self._qname, wanted.key, opt))

    def is_answered_by(self, packet: bytes) -> bool:
        """True for a response with the same id and question; the address it came from is the socket's to check."""
        name_end = HEADER_OCTETS + len(self._qname)
        if packet[:2] != self.ident or len(packet) < name_end + 4:
            return False
        if packet[2] & _QR_OPCODE != _QR or packet[4:6] != b"\0\1":
            return False
        qname = packet[HEADER_OCTETS:name_end]
        is_same = qname == self._qname or (not self._mixes_case and qname.lower() == self._qname)
        return is_same and packet[name_end : name_end + 4] == self.wanted.key


def is_truncated(packet: bytes) -> bool:
    """True when a response says that it is not whole (TC)."""
    return bool(packet[2] & _TC)


def mixed(name: Name) -> Name:
    """The same name, each letter in upper or lower case at random."""
    chance = secrets.randbits(len(name))
    octets = bytearray(name)
    for at, octet in enumerate(octets):
        if 0x61 <= octet <= 0x7A and chance >> at & 1:
            octets[at] = octet ^ _CASE
    return bytes(octets)
