"""From a question to its sections: RFC 1034 4.3.2 with aliases, delegations and wildcards."""

from collections.abc import Callable

import pytest

from dnsd.answer.draft import Draft
from dnsd.answer.follow import HOPS_MOST, follow, not_ours
from dnsd.authority.octets import question_key
from dnsd.authority.table import Table
from dnsd.codec.wire import type_from_text
from dnsd.model.message import Rcode
from dnsd.model.names import name_from_text

SOA = "@/SOA"
MAIL = "mail/A 192.0.2.25, mail/AAAA 2001:db8::25"
BEHIND = "mx.here/MX deep.mx.here, mx.here/MX mail, mx.here/MX far.example.com."
CASES = [
    # What is there, and what is not.
    ("www", "A", "NOERROR AA | www/A 192.0.2.80 |  | "),
    ("www", "AAAA", f"NOERROR AA |  | {SOA} | "),
    ("nobody", "A", f"NXDOMAIN AA |  | {SOA} | "),
    ("@", "SOA", f"NOERROR AA | {SOA} |  | "),
    ("www", "SOA", f"NOERROR AA |  | {SOA} | "),
    ("@", "NS", "NOERROR AA | @/NS ns |  | ns/A 192.0.2.53"),
    ("@", "MX", f"NOERROR AA | @/MX Mail |  | {MAIL}"),
    ("b.deep", "A", f"NOERROR AA |  | {SOA} | "),
    ("x.b.deep", "A", f"NXDOMAIN AA |  | {SOA} | "),
    # One RRset for ANY (RFC 8482 4.1).
    ("mail", "ANY", "NOERROR AA | mail/A 192.0.2.25 |  | "),
    ("b.deep", "ANY", f"NOERROR AA |  | {SOA} | "),
    ("alias", "ANY", "NOERROR AA | alias/CNAME www |  | "),
    ("sub", "ANY", "NOERROR |  | sub/NS ns.sub, sub/NS ns.example.com. | ns.sub/A 192.0.2.54"),
    # Aliases, each before what it points to (RFC 1034 3.6.2).
    ("alias", "A", "NOERROR AA | alias/CNAME www, www/A 192.0.2.80 |  | "),
    ("alias", "CNAME", "NOERROR AA | alias/CNAME www |  | "),
    ("www", "CNAME", f"NOERROR AA |  | {SOA} | "),
    ("two", "A", "NOERROR AA | two/CNAME alias, alias/CNAME www, www/A 192.0.2.80 |  | "),
    ("alias", "AAAA", f"NOERROR AA | alias/CNAME www | {SOA} | "),
    # RFC 6604 3: the response code is that of the last name.
    ("lost", "A", f"NXDOMAIN AA | lost/CNAME nobody | {SOA} | "),
    ("here", "A", "NOERROR AA | here/CNAME there, there/CNAME here |  | "),
    ("out", "A", "NOERROR AA | out/CNAME www.example.com. |  | "),
    ("gone", "A", "SERVFAIL AA | gone/CNAME down.default.svc.cluster.local. |  | "),
    # The additional section goes along behind an alias too.
    (
        "to-mail",
        "MX",
        f"NOERROR AA | to-mail/CNAME mx.here, {BEHIND} |  | deep.mx.here/A 192.0.2.26, {MAIL}",
    ),
    # Aliases of subtrees (RFC 6672 3.1).
    ("a.old", "A", "NOERROR AA | old/DNAME new, a.old/CNAME a.new, a.new/A 192.0.2.90 |  | "),
    ("b.old", "A", f"NXDOMAIN AA | old/DNAME new, b.old/CNAME b.new | {SOA} | "),
    ("b.old", "CNAME", "NOERROR AA | old/DNAME new, b.old/CNAME b.new |  | "),
    ("old", "DNAME", "NOERROR AA | old/DNAME new |  | "),
    ("old", "A", f"NOERROR AA |  | {SOA} | "),
    # Delegations (RFC 1034 4.3.2 step 3b), and the DS that stays with the parent (RFC 4035 3.1.4.1).
    ("www.sub", "A", "NOERROR |  | sub/NS ns.sub, sub/NS ns.example.com. | ns.sub/A 192.0.2.54"),
    ("sub", "NS", "NOERROR |  | sub/NS ns.sub, sub/NS ns.example.com. | ns.sub/A 192.0.2.54"),
    ("ns.sub", "A", "NOERROR |  | sub/NS ns.sub, sub/NS ns.example.com. | ns.sub/A 192.0.2.54"),
    ("sub", "DS", "NOERROR AA | sub/DS 00112233445566778899aabbccddeeff00112233 |  | "),
    ("x.sub", "DS", "NOERROR |  | sub/NS ns.sub, sub/NS ns.example.com. | ns.sub/A 192.0.2.54"),
    ("bare", "DS", f"NOERROR AA |  | {SOA} | "),
    ("bare", "A", "NOERROR |  | bare/NS ns.example.com. | "),
    (
        "cut",
        "A",
        "NOERROR AA | cut/CNAME www.sub | sub/NS ns.sub, sub/NS ns.example.com. | ns.sub/A 192.0.2.54",
    ),
    # Wildcards (RFC 4592).
    ("a.wild", "A", "NOERROR AA | a.wild/A 192.0.2.99 |  | "),
    ("a.b.wild", "MX", f"NOERROR AA | a.b.wild/MX mail |  | {MAIL}"),
    ("a.wild", "TXT", f"NOERROR AA |  | {SOA} | "),
    ("*.wild", "A", "NOERROR AA | *.wild/A 192.0.2.99 |  | "),
    ("wild", "A", f"NOERROR AA |  | {SOA} | "),
    ("a.walias", "A", "NOERROR AA | a.walias/CNAME www, www/A 192.0.2.80 |  | "),
    ("a.wcut", "A", "NOERROR |  | *.wcut/NS ns.example.com. | "),
    ("a.wcut", "ANY", "NOERROR |  | *.wcut/NS ns.example.com. | "),
    ("x.ent", "A", f"NOERROR AA |  | {SOA} | "),
    ("a.x.ent", "A", f"NOERROR AA |  | {SOA} | "),
]


def followed(table: Table, name: str, rtype: str, chance: int = 0) -> Draft | None:
    return follow(table.nodes, name_from_text(name), question_key(type_from_text(rtype)), chance)


@pytest.mark.parametrize(("name", "rtype", "expected"), CASES)
def test_a_question_of_the_static_zone(
    table: Table, drafted: Callable[[Draft, str], str], name: str, rtype: str, expected: str
) -> None:
    whole = "example.org" if name == "@" else f"{name}.example.org"
    draft = followed(table, whole, rtype)
    assert draft is not None
    assert drafted(draft, whole) == expected


def test_an_alias_into_the_registry(table: Table, drafted: Callable[[Draft, str], str]) -> None:
    draft = followed(table, "into.example.org", "A")
    assert draft is not None
    shown = drafted(draft, "into.example.org")
    assert shown.startswith(
        "NOERROR AA | into/CNAME web.default.svc.cluster.local., web.default.svc.cluster.local./A 10."
    )
    assert draft.answer_count == 4


@pytest.mark.parametrize("name", ["down.default.svc.cluster.local", "_http._tcp.down.default.svc.cluster.local"])
def test_a_service_that_must_not_be_answered(table: Table, drafted: Callable[[Draft, str], str], name: str) -> None:
    draft = followed(table, name, "A")
    assert draft is not None
    assert drafted(draft, name) == "SERVFAIL |  |  | "


@pytest.mark.parametrize("name", ["www.example.com", ".", "org", "local"])
def test_a_name_in_no_zone_of_ours(table: Table, name: str) -> None:
    assert followed(table, name, "A") is None


def test_a_name_that_gets_too_long(table: Table) -> None:
    # RFC 6672 2.2: a name that substitution makes too long is answered YXDOMAIN.
    long = ".".join(["l" * 60] * 3) + ".big.example.org"
    draft = followed(table, long, "A")
    assert draft is not None
    assert (draft.rcode, draft.answer_count, draft.is_authoritative) == (Rcode.YXDOMAIN, 1, True)


def test_an_alias_that_grows_round_and_round_ends(table: Table) -> None:
    draft = followed(table, "x.round.example.org", "A")
    assert draft is not None
    assert draft.answer_count == 2 * HOPS_MOST


def test_the_order_is_drawn_behind_an_alias_too(table: Table) -> None:
    firsts = set()
    for chance in range(6):
        draft = followed(table, "into.example.org", "A", chance)
        assert draft is not None
        assert sorted(draft.answers) == sorted(draft.stable)
        firsts.add(draft.answers[len(draft.answers) - 48 : len(draft.answers) - 32])
    assert len(firsts) == 3


def test_what_is_not_ours_is_refused() -> None:
    assert (not_ours().rcode, not_ours().is_authoritative) == (Rcode.REFUSED, False)
