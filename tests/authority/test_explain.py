"""Each endpoint in or out of an answer, by the schema's own decisions."""

from dataclasses import replace

import pytest

from dnsd.authority import schema
from dnsd.authority.explain import Told, Verdict, service_of, verdicts
from dnsd.model.health import HealthCheck
from dnsd.model.message import RRType
from dnsd.model.names import Name, name_from_text, reverse_name
from dnsd.model.service import Endpoint, Port, Service

ZONE = name_from_text("cluster.local")
WEB = Service("default", "web")
ONE = Endpoint("default", "web", "one", ("192.0.2.1",), (Port("http", "TCP", 80),))
NAME = "web.default.svc.cluster.local"


def told(service: Service, published: list[Endpoint], name: str, rtype: RRType, most: int | None = None) -> Told:
    """What the schema makes for a question; ``most``: so many records had room."""
    owner = name_from_text(name)
    made = schema.publish(service, published, ZONE)
    data = [each.rdata for rrset in made.sets.get(owner, []) if rrset.rtype == rtype for each in rrset.records]
    return Told(owner, rtype, frozenset(data), frozenset(data[:most]))


def judged(
    service: Service, published: list[Endpoint], name: str = NAME, rtype: RRType = RRType.A, most: int | None = None
) -> dict[str, tuple[bool, str]]:
    known = {each.id: each for each in published}
    found = verdicts(service, known, published, ZONE, told(service, published, name, rtype, most))
    return {each.endpoint.id: (each.is_in, each.reason) for each in found}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "ready"),
        ({"weight": 0}, "weight-0"),
        ({"ready": False}, "not-ready"),
        ({"draining": True}, "draining"),
        ({"addresses": ("2001:db8::1",)}, "other-family"),
    ],
)
def test_of_two_one_may_be_out(change: dict[str, object], reason: str) -> None:
    two = replace(ONE, id="two", addresses=("192.0.2.2",))
    two = replace(two, **change)  # type: ignore[arg-type]
    assert judged(WEB, [ONE, two]) == {"one": (True, "ready"), "two": (reason == "ready", reason)}


def test_the_same_address_twice_does_not_bring_the_drained_one_in() -> None:
    assert judged(WEB, [ONE, replace(ONE, id="two", draining=True)])["two"] == (False, "draining")


def test_all_that_is_left_is_draining() -> None:
    assert judged(WEB, [replace(ONE, draining=True)])["one"] == (True, "draining-last")


def test_who_fails_its_health_check_is_out_until_all_do() -> None:
    service = replace(WEB, health=HealthCheck("tcp"))
    failing = replace(ONE, id="two", addresses=("192.0.2.2",), failing="timeout")
    assert judged(service, [ONE, failing]) == {"one": (True, "ready"), "two": (False, "failing")}
    assert judged(service, [failing]) == {"two": (True, "all-failing")}
    assert judged(WEB, [failing]) == {"two": (True, "ready")}


def test_published_not_ready() -> None:
    service = replace(WEB, publish_not_ready=True)
    assert judged(service, [replace(ONE, ready=False)])["one"] == (True, "published-not-ready")


def test_last_known_is_answered_and_gone() -> None:
    service = replace(WEB, when_empty="last_known")
    found = list(verdicts(service, {}, [ONE], ZONE, told(service, [ONE], NAME, RRType.A)))
    assert [(each.is_in, each.reason) for each in found] == [(True, "last-known")]


def test_cut_by_size() -> None:
    others = [replace(ONE, id=f"n{number}", addresses=(f"192.0.2.{number}",)) for number in range(2, 5)]
    found = judged(WEB, [ONE, *others], most=2)
    assert sorted(found.values()) == [(False, "cut-by-size")] * 2 + [(True, "ready")] * 2


@pytest.mark.parametrize(
    ("name", "rtype", "reason"),
    [
        (f"_http._tcp.{NAME}", RRType.SRV, "ready"),
        (f"_http._udp.{NAME}", RRType.SRV, "other-protocol"),
        (f"_grpc._tcp.{NAME}", RRType.SRV, "other-port"),
        (f"one.{NAME}", RRType.A, "ready"),
        (f"two.{NAME}", RRType.A, "other-name"),
        (NAME, RRType.SRV, "ready"),
        (NAME, RRType.TXT, "other-type"),
    ],
)
def test_by_name_and_type(name: str, rtype: RRType, reason: str) -> None:
    assert judged(WEB, [ONE], name, rtype)["one"] == (reason == "ready", reason)


def test_no_port_of_the_service() -> None:
    assert judged(WEB, [ONE, replace(ONE, id="two", ports=())], NAME, RRType.SRV)["two"] == (False, "no-port")


def test_cluster_ip_and_alias_stand_before_endpoints() -> None:
    assert judged(replace(WEB, cluster_ips=("10.0.0.1",)), [ONE])["one"] == (False, "cluster-ip")
    assert judged(replace(WEB, cluster_ips=("10.0.0.1",)), [ONE], f"one.{NAME}")["one"] == (True, "ready")
    assert judged(replace(WEB, external_name="example.org"), [ONE])["one"] == (False, "external-name")


def test_by_address() -> None:
    target = name_from_text(f"one.{NAME}")
    pointer = Told(reverse_name("192.0.2.1"), RRType.PTR, frozenset({target}), frozenset({target}))
    other = replace(pointer, owner=reverse_name("192.0.2.9"))
    found: list[Verdict] = [next(verdicts(WEB, {"one": ONE}, [ONE], ZONE, each)) for each in (pointer, other)]
    assert [each.reason for each in found] == ["ready", "other-address"]


def test_another_zone_stands_there() -> None:
    empty: frozenset[bytes] = frozenset()
    found = list(verdicts(WEB, {"one": ONE}, [ONE], ZONE, Told(name_from_text(NAME), RRType.A, empty, empty)))
    assert [(each.is_in, each.reason) for each in found] == [(False, "overruled")]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (NAME, ("default", "web")),
        (f"_http._tcp.{NAME}", ("default", "web")),
        ("default.svc.cluster.local", None),
        ("cluster.local", None),
        ("www.example.org", None),
    ],
)
def test_service_of(name: str, key: tuple[str, str] | None) -> None:
    found = service_of(name_from_text(name), [ZONE])
    assert found == (None if key is None else (key, ZONE))
    assert isinstance(ZONE, Name)
