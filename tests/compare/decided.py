"""Where dnsd and another server differ on purpose: one entry a difference, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from compare.wire import ANY, NS, REFUSED, Summary

SERVERS = ("NSD", "Knot", "BIND")


@dataclass(frozen=True)
class Decided:
    """``applies(name, rtype, ours, theirs)``: True when a difference is this one. ``servers``: of whom."""

    reason: str
    servers: tuple[str, ...]
    applies: Callable[[str, int, Summary, Summary], bool]


def _is_one_rrset_for_any(_: str, rtype: int, ours: Summary, theirs: Summary) -> bool:
    return rtype == ANY and ours[:2] == theirs[:2] and set(ours.answer) <= set(theirs.answer)


def _is_ns_beside_an_answer(_: str, __: int, ours: Summary, theirs: Summary) -> bool:
    extra = set(theirs.authority) - set(ours.authority)
    return ours[:3] == theirs[:3] and bool(ours.answer) and all(record[1] == NS for record in extra)


DECIDED = (
    Decided(
        "ANY: one RRset is enough (RFC 8482 4.1), the others give all that the name owns; over UDP the first one too",
        SERVERS,
        _is_one_rrset_for_any,
    ),
    Decided(
        "the zone's NS beside a positive answer: nobody needs it and it costs room; RFC 1034 4.3.2 does not ask for it",
        ("NSD", "BIND"),
        _is_ns_beside_an_answer,
    ),
)
"""What is not here is a fault: rcode, AA, the answer and the authority set are equal, order aside."""


def decided(server: str, name: str, rtype: int, ours: Summary, theirs: Summary) -> Decided | None:
    """The entry that a difference falls under, if any."""
    return next((each for each in DECIDED if server in each.servers and each.applies(name, rtype, ours, theirs)), None)


__all__ = ["DECIDED", "REFUSED", "Decided", "decided"]
