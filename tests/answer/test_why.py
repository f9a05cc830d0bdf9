"""The same answer as on the wire, and why."""

import pytest

from dnsd.answer.access import Access
from dnsd.answer.policy import AS_THEY_COME, Asked, Policy
from dnsd.answer.short import ShortNames
from dnsd.answer.why import Explanation, explain
from dnsd.authority.catalog import Catalog
from dnsd.codec.wire import type_from_text
from dnsd.model.message import Rcode
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service

NAME = "web.default.svc.cluster.local"


def endpoint(number: int, **more: object) -> Endpoint:
    return Endpoint("default", "web", f"web-{number}", (f"10.0.0.{number}",), (Port("http", "TCP", 80),), **more)  # type: ignore[arg-type]


@pytest.fixture
def catalog() -> Catalog:
    return Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["192.0.2.53"])


def why(
    catalog: Catalog, name: str, rtype: str = "A", payload: int = 1232, policy: Policy = AS_THEY_COME
) -> Explanation:
    asked = Asked(name_from_text(name), type_from_text(rtype), "192.0.2.1", payload)
    return explain(asked, catalog, 0, policy)


def test_in_and_out(catalog: Catalog) -> None:
    catalog.load([Service("default", "web", ttl_seconds=7)], [endpoint(1), endpoint(2, ready=False)], 5)
    told = why(catalog, NAME.upper())
    assert [(each.endpoint.id, each.is_in) for each in told.verdicts] == [("web-1", True), ("web-2", False)]
    assert (told.ttl_seconds, told.ttl_from) == (7, "ttl_seconds of service default/web")
    assert told.why == "1 record of service default/web"
    assert len(told.whole.answer) == 1


def test_cut_by_size_without_edns(catalog: Catalog) -> None:
    catalog.load([Service("default", "web")], [endpoint(number) for number in range(1, 61)], 5)
    told = why(catalog, NAME, payload=512)
    shown = [each for each in told.verdicts if each.is_in]
    assert "tc" in told.sent.flags
    assert told.octets <= 512
    assert 0 < len(shown) == len(told.sent.answer) < len(told.whole.answer) == 60
    assert {each.reason for each in told.verdicts} == {"ready", "cut-by-size"}
    assert all(each.is_in for each in why(catalog, NAME, payload=1232).verdicts)


def test_an_alias_and_what_it_points_to(catalog: Catalog) -> None:
    catalog.load([Service("default", "api", external_name=NAME), Service("default", "web")], [endpoint(1)], 5)
    told = why(catalog, "api.default.svc.cluster.local")
    assert told.subjects == (("default", "api"), ("default", "web"))
    assert [(each.endpoint.id, each.is_in) for each in told.verdicts] == [("web-1", True)]


def test_by_address(catalog: Catalog) -> None:
    catalog.load([Service("default", "web")], [endpoint(1), endpoint(2)], 5)
    told = why(catalog, "1.0.0.10.in-addr.arpa", "PTR")
    assert [(each.endpoint.id, each.is_in) for each in told.verdicts] == [("web-1", True)]
    assert why(catalog, "9.0.0.10.in-addr.arpa", "PTR").verdicts == ()


@pytest.mark.parametrize(
    ("name", "rtype", "part", "ttl_from"),
    [
        ("example.org", "A", "in none of this server's zones", "nothing to keep"),
        ("shop.default.svc.cluster.local", "A", "no service shop in namespace default", "negative TTL"),
        ("no.cluster.local", "A", "no such name", "negative TTL"),
        ("cluster.local", "A", "no record of this type", "negative TTL"),
        ("dns-version.cluster.local", "TXT", "1 record", "stand in every zone"),
        ("empty.default.svc.cluster.local", "A", "when_empty is nodata", "negative TTL"),
        ("failing.default.svc.cluster.local", "A", "when_empty is servfail", "nothing to keep"),
        ("down.default.svc.cluster.local", "A", "none of the service's endpoints", "nothing to keep"),
    ],
)
def test_why_not(catalog: Catalog, name: str, rtype: str, part: str, ttl_from: str) -> None:
    services = [
        Service("default", "empty"),
        Service("default", "failing", when_empty="servfail"),
        Service("default", "down", when_empty="servfail"),
    ]
    down = Endpoint("default", "down", "one", ("10.0.0.1",), weight=0)
    catalog.load(services, [down], 5)
    told = why(catalog, name, rtype)
    assert part in told.why
    assert ttl_from in told.ttl_from


def test_before_the_first_load(catalog: Catalog) -> None:
    assert "not been read" in why(catalog, NAME).why


def test_a_short_name_is_one_for_the_clients_it_is_short_for(catalog: Catalog) -> None:
    catalog.load([Service("default", "web")], [endpoint(1)], 5)
    zone = name_from_text("cluster.local")
    told = why(catalog, "web", policy=Policy(short_names=ShortNames(zone, [("192.0.2.0/24", "default")])))
    assert [(each.endpoint.id, each.is_in) for each in told.verdicts] == [("web-1", True)]
    assert len(told.whole.answer) == 2
    elsewhere = why(catalog, "web", policy=Policy(short_names=ShortNames(zone, [("198.51.100.0/24", "default")])))
    assert (elsewhere.whole.rcode, elsewhere.verdicts) == (Rcode.REFUSED, ())


def test_who_may_not_ask_is_told_so(catalog: Catalog) -> None:
    catalog.load([Service("default", "web")], [endpoint(1)], 5)
    told = why(catalog, NAME, policy=Policy(access=Access(answer_to=["10.0.0.0/8"])))
    assert (told.whole.rcode, told.why) == (Rcode.REFUSED, "the client may not ask: answer_to leaves it out")
    assert told.verdicts == (), "no endpoint is left out for a reason of its own"


def test_what_is_forwarded_is_not_called_refused(catalog: Catalog) -> None:
    catalog.load([Service("default", "api", external_name="api.example.org")], [], 5)
    policy = Policy(access=Access(forward_for=["192.0.2.0/24"]), forwarding=frozenset())
    told = why(catalog, "example.org", policy=policy)
    assert (told.why, told.octets, told.ttl_seconds) == ("the name is forwarded", 0, None)
    assert told.elsewhere == name_from_text("example.org")
    told = why(catalog, "api.default.svc.cluster.local", policy=policy)
    assert told.why == "1 record of service default/api; api.example.org. is forwarded"
    assert why(catalog, NAME, policy=policy).elsewhere is None
    others = Policy(access=Access(forward_for=["10.0.0.0/8"]), forwarding=frozenset())
    told = why(catalog, "example.org", policy=others)
    assert (told.whole.rcode, told.elsewhere) == (Rcode.REFUSED, None)
    assert told.why == "the name is in none of this server's zones, and forward_for leaves the client out"
