"""What the registry has to say beside an answer: made with the change, gone with its reason."""

import pytest

from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Loading, Table, parts_of
from dnsd.authority.words import PORTS_OCTETS_MOST, words_of
from dnsd.model.change import Change, Removal
from dnsd.model.health import HealthCheck
from dnsd.model.names import child, name_from_text
from dnsd.model.service import Endpoint, Port, Service, ServicePort

ZONE = name_from_text("cluster.local")
WEB = name_from_text("web.default.svc.cluster.local")


def endpoint(number: int, **more) -> Endpoint:
    ports = (Port("http", "TCP", 80), Port("dns", "UDP", 53))
    return Endpoint("default", "web", f"web-{number}", (f"10.0.0.{number}",), ports, **more)


def said(service: Service, *endpoints: Endpoint) -> tuple[str, str]:
    return words_of(service, {each.id: each for each in endpoints}, endpoints)


@pytest.mark.parametrize(
    ("endpoints", "reason"),
    [
        ([], "service has no endpoints"),
        ([{}], ""),
        ([{}, {"ready": False}, {"ready": False}], "2 of 3 endpoints left out: not ready"),
        ([{"ready": False}], "1 of 1 endpoints left out: not ready"),
        ([{}, {"draining": True}, {"weight": 0}], "2 of 3 endpoints left out: 1 draining, 1 weight 0"),
        ([{"draining": True}], ""),
    ],
)
def test_why_an_answer_is_not_whole(endpoints, reason):
    service = Service("default", "web")
    assert said(service, *(endpoint(number, **each) for number, each in enumerate(endpoints, 1)))[0] == reason


def test_who_fails_a_check_is_counted_and_when_all_do_that_is_said():
    service = Service("default", "web", health=HealthCheck("tcp"))
    sound, failing = endpoint(1), endpoint(2, failing="refused")
    assert said(service, sound, failing)[0] == "1 of 2 endpoints left out: failing their health check"
    assert said(service, failing)[0] == "all endpoints fail their health check, so that counts for nothing"
    assert said(Service("default", "web"), failing)[0] == ""


def test_named_ports_and_their_protocols():
    assert said(Service("default", "web"), endpoint(1))[1] == "http, dns/udp"
    declared = Service("default", "web", ports=(ServicePort("metrics", "TCP", 9000), ServicePort("", "TCP", 80)))
    assert said(declared)[1] == "metrics"
    many = tuple(ServicePort(f"port-{number:03}", "TCP", 1000 + number) for number in range(40))
    text = said(Service("default", "web", ports=many))[1]
    assert len(text) <= PORTS_OCTETS_MOST
    assert text.endswith("port-005, …")


def test_of_whom_nothing_is_said():
    assert said(Service("default", "web", external_name="example.org")) == ("", "")
    cluster = Service("default", "web", cluster_ips=("10.9.9.9",), ports=(ServicePort("http", "TCP", 80),))
    assert said(cluster) == ("", "http")


def test_what_is_known_last():
    service = Service("default", "web", when_empty="last_known")
    gone = [endpoint(1)]
    assert words_of(service, {}, gone)[0] == "service has no endpoints; answered with those known last"


@pytest.fixture
def catalog() -> Catalog:
    made = Catalog([ZONE, name_from_text("other.local")], [], ["192.0.2.1"])
    made.load([Service("default", "web")], [], 1)
    return made


def test_words_follow_changes_here_and_in_a_responder(catalog):
    table, loading = Table(), Loading()
    for part in parts_of(catalog.table, 2):
        loading.add(part)
    table.replace(loading)
    for words in (catalog.table.words, table.words):
        assert set(words.reasons) == {WEB, name_from_text("web.default.svc.other.local")}
    table.apply(catalog.apply(Change(2, (endpoint(1),))).pack())
    for words in (catalog.table.words, table.words):
        assert (words.reasons, words.ports[WEB]) == ({}, "http, dns/udp")
    table.apply(catalog.apply(Change(3, (), (Removal(("default", "web"), "deleted"),))).pack())
    for words in (catalog.table.words, table.words):
        assert (words.reasons, words.ports, list(words.all())) == ({}, {}, [])


def test_a_service_that_does_not_exist_in_dns_has_words_too(catalog):
    catalog.apply(Change(2, (Service("default", "idle", when_empty="nxdomain"),)))
    name = child("idle", WEB[4:])
    assert name not in catalog.table.nodes
    assert catalog.table.words.reasons[name] == "service has no endpoints"


def test_a_change_that_changes_no_word_sends_none(catalog):
    catalog.apply(Change(2, (endpoint(1),)))
    assert catalog.apply(Change(3, (endpoint(2),))).said == []
