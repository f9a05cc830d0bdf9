"""What one client would be told, under what the doors are set to."""

import pytest

from dnsd.answer.access import Access
from dnsd.answer.policy import AS_THEY_COME, Asked, OwnReply, Policy, Stub
from dnsd.answer.short import ShortNames
from dnsd.authority.catalog import Catalog
from dnsd.codec.wire import type_from_text
from dnsd.model.message import Rcode
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Service

ZONE = name_from_text("cluster.local")
NAME = "web.default.svc.cluster.local"


@pytest.fixture
def catalog() -> Catalog:
    catalog = Catalog([ZONE], [], ["192.0.2.53"])
    services = [Service("default", "web"), Service("default", "away", external_name="api.example.org")]
    catalog.load(services, [Endpoint("default", "web", "a", ("10.0.0.1",), ())], 5)
    return catalog


def told(catalog: Catalog, name: str, policy: Policy, client: str = "192.0.2.1") -> OwnReply:
    asked = Asked(name_from_text(name), type_from_text("A"), client, 512)
    return Stub(asked, policy, is_tcp=True).ask(catalog.table, chance=0)


def test_everybody_is_told_what_is_ours(catalog: Catalog) -> None:
    answer = told(catalog, NAME, AS_THEY_COME)
    assert (answer.elsewhere, len(answer.message().answer)) == (None, 1)
    assert told(catalog, "example.org", AS_THEY_COME).message().rcode == Rcode.REFUSED


def test_who_may_not_ask_is_refused_and_his_neighbour_not(catalog: Catalog) -> None:
    policy = Policy(access=Access(answer_to=["192.0.2.0/25"]))
    assert told(catalog, NAME, policy, "192.0.2.127").message().rcode == Rcode.NOERROR
    assert told(catalog, NAME, policy, "192.0.2.128").message().rcode == Rcode.REFUSED


def test_a_short_name_is_one_where_it_is_set(catalog: Catalog) -> None:
    policy = Policy(short_names=ShortNames(ZONE, [("192.0.2.0/24", "default")]))
    assert told(catalog, "web", policy).message().rcode == Rcode.NOERROR
    assert told(catalog, "web", AS_THEY_COME).message().rcode == Rcode.REFUSED


def test_of_what_is_forwarded_our_own_part_is_told_and_nothing_else(catalog: Catalog) -> None:
    policy = Policy(access=Access(forward_for=["192.0.2.0/24"]), forwarding=frozenset())
    foreign = told(catalog, "example.org", policy)
    assert (foreign.elsewhere, foreign.is_void) == (name_from_text("example.org"), True)
    message = foreign.message()
    assert (message.rcode, message.answer, message.authority) == (Rcode.NOERROR, (), ())
    alias = told(catalog, "away.default.svc.cluster.local", policy)
    assert (alias.elsewhere, alias.is_void) == (name_from_text("api.example.org"), False)
    assert len(alias.message().answer) == 1
    assert told(catalog, "example.org", policy, "198.51.100.1").message().rcode == Rcode.REFUSED


@pytest.mark.parametrize(("octets", "has_opt"), [(512, False), (513, True)])
def test_who_takes_no_more_than_512_octets_sends_no_edns(octets: int, has_opt: bool) -> None:
    packet = Asked(name_from_text(NAME), 1, "192.0.2.1", octets).packet()
    assert packet[11] == has_opt
