"""A sample of questions with their answers in the log: one in so many, and so many a second at most. Off by default.

It stands around ``respond``, so that a responder without it pays nothing.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Outcome
from dnsd.model.names import name_to_text
from dnsd.runtime.counts import qtype_label, rcode_label
from dnsd.runtime.log import remote
from dnsd.server.asking import Respond
from dnsd.server.tally import Tally

LINES_A_SECOND_MOST = 100
"""Of one responder: a flood of questions must not become one of lines."""
_HEADER_OCTETS = 12
_TYPE_OCTETS = 2

_log = logging.getLogger("dnsd.queries")


class QueryLog:
    """One question in ``one_in`` is logged; what the rate keeps from it is counted in ``tally``."""

    def __init__(self, one_in: int, tally: Tally) -> None:
        self._one_in = one_in
        self._tally = tally
        self._until_next = one_in
        self._second = 0
        self._lines = 0

    def around(self, respond: Respond) -> Respond:
        """The same answers, with a look at each."""

        def respond_and_note(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
            outcome = respond(packet, peer, chance, table, terms)
            self._until_next -= 1
            if not self._until_next:
                self._until_next = self._one_in
                self._note(packet, peer, outcome, terms)
            return outcome

        return respond_and_note

    def _note(self, packet: bytes, peer: bytes, outcome: Outcome, terms: Terms) -> None:
        if terms.now != self._second:
            self._second, self._lines = terms.now, 0
        self._lines += 1
        if self._lines > LINES_A_SECOND_MOST:
            self._tally.add("dnsd_dns_unlogged")
            return
        fields = {
            "transport": "tcp" if terms.is_tcp else "udp",
            "client": str(ip_address(peer)),
            **_question_of(packet),
            **_answer_of(outcome),
        }
        _log.info(" ".join(["%s"] * len(fields)), *fields.values(), extra={"fields": fields})


def _question_of(packet: bytes) -> dict[str, str]:
    """Name and type as they were asked, escaped; of a packet that has none, dashes."""
    end = _HEADER_OCTETS
    while end < len(packet) and packet[end]:
        end += 1 + packet[end]
    rtype = packet[end + 1 : end + 1 + _TYPE_OCTETS]
    if len(rtype) < _TYPE_OCTETS:
        return {"name": "-", "type": "-"}
    try:
        name = name_to_text(packet[_HEADER_OCTETS : end + 1])
    except (ValueError, IndexError):
        return {"name": "-", "type": "-"}
    return {"name": remote(name), "type": qtype_label(int.from_bytes(rtype))}


def _answer_of(outcome: Outcome) -> dict[str, object]:
    """The code and the size of the reply; what is none goes by the name of its outcome."""
    if type(outcome) is tuple and outcome[0]:
        return {"rcode": rcode_label(outcome[0][3] & 0x0F), "octets": len(outcome[0])}
    return {"rcode": "-" if type(outcome) is tuple else type(outcome).__name__.lower(), "octets": 0}
