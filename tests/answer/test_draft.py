"""A draft gathers what a reply will say."""

from dnsd.answer.draft import Draft, refusal
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.message import Rcode
from dnsd.model.names import name_from_text


def test_answers_stand_in_the_order_they_were_added() -> None:
    draft = Draft()
    draft.add(1, b"alias", b"alias")
    draft.add(2, b"ba", b"ab")
    assert (draft.answers, draft.stable, draft.answer_count) == (b"aliasba", b"aliasab", 3)


def test_a_denial_shows_the_zones_soa() -> None:
    apex = name_from_text("example.org")
    zone, draft = Zone(apex, rdata.Soa(apex, apex, 1), 5, follows_revision=False), Draft()
    draft.deny(zone)
    assert (draft.rcode, draft.authority, draft.authority_count) == (Rcode.NOERROR, zone.negative, 1)
    draft.deny(zone, Rcode.NXDOMAIN)
    assert (draft.rcode, draft.authority_count, draft.is_authoritative) == (Rcode.NXDOMAIN, 1, True)


def test_a_refusal_says_nothing_but_its_code() -> None:
    assert refusal(Rcode.REFUSED) == Draft(Rcode.REFUSED, is_authoritative=False)
