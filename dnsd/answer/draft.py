"""A reply before it is bytes: sections and their counts, still to be fitted."""

from __future__ import annotations

from dataclasses import dataclass

from dnsd.authority.zone import Zone
from dnsd.model.message import ExtendedError, Rcode
from dnsd.model.names import Name


@dataclass(slots=True)
class Draft:
    """``answers`` in drawn order, ``stable`` the same records in a fixed one; owners are pointers of two octets.

    ``is_glue``: the additional section is needed, so leaving it out is truncation (RFC 9471 3.1). ``reason``: the
    extended error (RFC 8914) for a client with EDNS, ``text`` what it says. ``is_ours``: it tells what the table holds.
    ``outside``: where the last alias leads when that is in no zone of ours.
    """

    rcode: Rcode = Rcode.NOERROR
    is_authoritative: bool = True
    answers: bytes = b""
    stable: bytes = b""
    answer_count: int = 0
    authority: bytes = b""
    authority_count: int = 0
    additional: bytes = b""
    additional_count: int = 0
    is_glue: bool = False
    opcode: int = 0
    reason: ExtendedError | None = None
    text: str = ""
    is_ours: bool = False
    outside: Name = b""

    def add(self, count: int, ordered: bytes, stable: bytes) -> None:
        """Put records behind the answers that are there."""
        self.answers += ordered
        self.stable += stable
        self.answer_count += count

    def deny(self, zone: Zone, rcode: Rcode = Rcode.NOERROR) -> None:
        """Say no in this zone's name: its SOA goes into the authority section (RFC 2308 2)."""
        self.rcode = rcode
        self.authority, self.authority_count = zone.negative, 1


def refusal(rcode: Rcode) -> Draft:
    """A reply that says nothing but this."""
    return Draft(rcode, is_authoritative=False)
