"""Where dnsd and another server differ on purpose: one entry a difference, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from compare.wire import ANY, CNAME, NS, Summary

SERVFAIL = 2
OTHER_ZONE = b"\7cluster\5local\0"

SERVERS = ("NSD", "Knot", "BIND")


@dataclass(frozen=True)
class Decided:
    """``applies(name, rtype, ours, theirs)``: True when a difference is this one. ``servers``: of whom."""

    reason: str
    servers: tuple[str, ...]
    applies: Callable[[str, int, Summary, Summary], bool]


def _is_one_rrset_for_any(_: str, rtype: int, ours: Summary, theirs: Summary) -> bool:
    return rtype == ANY and ours[:2] == theirs[:2] and bool(ours.answer) == bool(theirs.answer)


def _is_ns_beside_an_answer(_: str, __: int, ours: Summary, theirs: Summary) -> bool:
    extra = set(theirs.authority) - set(ours.authority)
    return ours[:3] == theirs[:3] and bool(ours.answer) and all(record[1] == NS for record in extra)


def _is_alias_into_another_zone(name: str, _: int, ours: Summary, theirs: Summary) -> bool:
    """They end with the alias; we go on with what the other zone of ours has."""
    leads = [data for _, rtype, _, data in theirs.answer if rtype == CNAME and data.endswith(OTHER_ZONE)]
    is_other = not name.lower().endswith(".cluster.local.")
    has_all = set(theirs.answer) <= set(ours.answer) and ours.is_authoritative == theirs.is_authoritative
    return bool(leads) and is_other and has_all and not theirs.rcode and not theirs.authority


def _is_alias_of_itself(_: str, __: int, ours: Summary, theirs: Summary) -> bool:
    is_circle = any(rtype == CNAME and owner == data for owner, rtype, _, data in ours.answer)
    return is_circle and (ours.rcode, theirs.rcode) == (0, SERVFAIL) and ours[1:4] == theirs[1:4]


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
    Decided(
        "an alias from one of our zones into another: RFC 1034 4.3.2 step 3a goes back to step 1 and looks for the"
        " nearest zone anew; the others stay in the zone of the question when they do not recurse",
        SERVERS,
        _is_alias_into_another_zone,
    ),
    Decided(
        "an alias of itself: BIND says SERVFAIL beside the record; NOERROR with the alias, as NSD and Knot say and all"
        " say of longer circles, leaves it to the asker (RFC 1034 3.6.2)",
        ("BIND",),
        _is_alias_of_itself,
    ),
)
"""What is not here is a fault: rcode, AA, the answer and the authority set are equal, order aside."""


def decided(server: str, name: str, rtype: int, ours: Summary, theirs: Summary) -> Decided | None:
    """The entry that a difference falls under, if any."""
    return next((each for each in DECIDED if server in each.servers and each.applies(name, rtype, ours, theirs)), None)
