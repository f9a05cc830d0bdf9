"""Which records a service makes: the table of names, in zone-file text."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dnsd.authority.form import Kind
from dnsd.authority.schema import Published, answered, endpoint_port, publish, published_ports
from dnsd.codec.zonefile_writer import master_file_lines
from dnsd.model.health import HealthCheck
from dnsd.model.names import name_from_text, name_to_text
from dnsd.model.rrset import RRset
from dnsd.model.service import Endpoint, Port, Service, ServicePort

MakeEndpoint = Callable[..., Endpoint]
ZONE = name_from_text("z")
HTTP = ServicePort("http", "TCP", 80, "web")


def web(**fields: Any) -> Service:
    return Service("default", "web", **fields)


def text(published: Published) -> list[str]:
    """One line a record, short; a name that owns nothing is a line of its own."""
    lines = []
    for owner, sets in published.sets.items():
        short = name_to_text(owner).replace("web.default.svc.z.", "@")
        lines += [line.replace("\t", " ").replace("web.default.svc.z.", "@") for line in master_file_lines(sets)]
        lines += [] if sets else [short]
    return lines


def one(published: Published, owner: str, rtype: int) -> RRset:
    return next(rrset for rrset in published.sets[name_from_text(owner)] if rrset.rtype == rtype)


def shares(rrset: RRset) -> list[tuple[int, int]]:
    return [(record.priority, record.weight) for record in rrset.records]


def test_a_headless_service(make_endpoint: MakeEndpoint) -> None:
    endpoints = [make_endpoint("b", "fd00::2"), make_endpoint("a", "10.0.0.1", weight=7, priority=2)]
    published = publish(web(), endpoints, ZONE)
    assert text(published) == [
        "@ 5 IN A 10.0.0.1",
        "@ 5 IN AAAA fd00::2",
        "@ 5 IN SRV 2 7 8080 a.@",
        "@ 5 IN SRV 0 100 8080 b.@",
        "_http._tcp.@ 5 IN SRV 2 7 8080 a.@",
        "_http._tcp.@ 5 IN SRV 0 100 8080 b.@",
        "a.@ 5 IN A 10.0.0.1",
        "b.@ 5 IN AAAA fd00::2",
    ]
    hosts = {address: {name_to_text(name) for name in names} for address, names in published.pointers.items()}
    assert hosts == {"10.0.0.1": {"a.web.default.svc.z."}, "fd00::2": {"b.web.default.svc.z."}}


def test_a_service_with_cluster_ips(make_endpoint: MakeEndpoint) -> None:
    service = web(cluster_ips=("10.96.0.1", "fd00::96"), ports=(HTTP, ServicePort("", "UDP", 53)), ttl_seconds=30)
    published = publish(service, [make_endpoint("a", "10.0.0.1")], ZONE)
    assert text(published) == [
        "@ 30 IN A 10.96.0.1",
        "@ 30 IN AAAA fd00::96",
        "@ 30 IN SRV 0 100 80 @",
        "@ 30 IN SRV 0 100 53 @",
        "_http._tcp.@ 30 IN SRV 0 100 80 @",
        "a.@ 30 IN A 10.0.0.1",
    ]
    web_name = {name_from_text("web.default.svc.z")}
    assert published.pointers == {"10.96.0.1": web_name, "fd00::96": web_name}


def test_a_cluster_ip_needs_no_endpoints() -> None:
    published = publish(web(cluster_ips=("10.96.0.1",), when_empty="nxdomain"), [], ZONE)
    assert text(published) == ["@ 5 IN A 10.96.0.1"]


def test_a_cluster_ip_given_twice_counts_once() -> None:
    rrset = one(publish(web(cluster_ips=("10.96.0.1", "10.96.0.2", "10.96.0.1")), [], ZONE), "web.default.svc.z", 1)
    assert shares(rrset) == [(0, 1), (0, 1)]


@pytest.mark.parametrize("external", ["www.Example.org", "www.example.org.", r"www.ex\065mple.org"])
def test_an_external_name_is_an_alias_and_nothing_else(make_endpoint: MakeEndpoint, external: str) -> None:
    published = publish(web(external_name=external, ports=(HTTP,)), [make_endpoint("a", "10.0.0.1")], ZONE)
    assert text(published) == ["@ 5 IN CNAME www.example.org."]
    assert published.pointers == {}


def test_an_unnamed_port_has_no_name_of_its_own(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint("a", "10.0.0.1", ports=(Port("", "TCP", 9), Port("", "UDP", 9)))
    assert text(publish(web(), [endpoint], ZONE)) == [
        "@ 5 IN A 10.0.0.1",
        "@ 5 IN SRV 0 100 9 a.@",
        "a.@ 5 IN A 10.0.0.1",
    ]


def test_two_ports_that_make_one_record_are_one_record(make_endpoint: MakeEndpoint) -> None:
    ports = (Port("http", "TCP", 80), Port("admin", "TCP", 80), Port("dns", "UDP", 53))
    published = publish(web(), [make_endpoint("a", "10.0.0.1", ports=ports)], ZONE)
    assert [record for record in text(published) if record.startswith("@ 5 IN SRV")] == [
        "@ 5 IN SRV 0 100 80 a.@",
        "@ 5 IN SRV 0 100 53 a.@",
    ]


def test_a_declared_port_that_nobody_has_stands_empty_never_absent(make_endpoint: MakeEndpoint) -> None:
    # An endpoint without that port answers with the service's own number, so only weight or readiness empties it.
    published = publish(web(ports=(HTTP,)), [make_endpoint("a", "10.0.0.1", ready=False)], ZONE)
    assert text(published) == ["@", "_http._tcp.@", "a.@"]


@pytest.mark.parametrize(
    ("endpoint_id", "hostname", "label"), [("Web-1", None, "web-1"), ("t.1", None, "10-0-0-1"), ("t.1", "x", "x")]
)
def test_host_names(make_endpoint: MakeEndpoint, endpoint_id: str, hostname: str | None, label: str) -> None:
    published = publish(web(), [make_endpoint(endpoint_id, "10.0.0.1", hostname=hostname)], ZONE)
    assert f"{label}.@ 5 IN A 10.0.0.1" in text(published)
    assert f"@ 5 IN SRV 0 100 8080 {label}.@" in text(published)


def test_an_endpoint_of_several_addresses_is_one_host(make_endpoint: MakeEndpoint) -> None:
    published = publish(web(), [make_endpoint("a", "10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.1")], ZONE)
    assert text(published) == [
        "@ 5 IN A 10.0.0.1",
        "@ 5 IN A 10.0.0.2",
        "@ 5 IN AAAA fd00::1",
        "@ 5 IN SRV 0 100 8080 a.@",
        "_http._tcp.@ 5 IN SRV 0 100 8080 a.@",
        "a.@ 5 IN A 10.0.0.1",
        "a.@ 5 IN A 10.0.0.2",
        "a.@ 5 IN AAAA fd00::1",
    ]
    assert shares(one(published, "web.default.svc.z", 1)) == [(0, 100), (0, 100)]
    assert shares(one(published, "a.web.default.svc.z", 1)) == [(0, 100), (0, 100)]


def test_without_a_name_every_address_is_a_host(make_endpoint: MakeEndpoint) -> None:
    published = publish(web(), [make_endpoint("a.1", "10.0.0.1", "2001:db8::")], ZONE)
    assert [line for line in text(published) if "_http" in line] == [
        "_http._tcp.@ 5 IN SRV 0 100 8080 10-0-0-1.@",
        "_http._tcp.@ 5 IN SRV 0 100 8080 2001-db8--0.@",
    ]


def test_several_endpoints_may_share_a_host_name(make_endpoint: MakeEndpoint) -> None:
    endpoints = [make_endpoint("a", "10.0.0.1", hostname="x"), make_endpoint("b", "10.0.0.2", hostname="x", weight=5)]
    published = publish(web(), endpoints, ZONE)
    assert shares(one(published, "x.web.default.svc.z", 1)) == [(0, 100), (0, 5)]
    assert [line for line in text(published) if "_http" in line] == [
        "_http._tcp.@ 5 IN SRV 0 100 8080 x.@",
        "_http._tcp.@ 5 IN SRV 0 5 8080 x.@",
    ]


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ([(100, 0), (50, 0)], (0, 150)),
        ([(100, 1), (50, 0)], (0, 50)),
        ([(50, 0), (100, 1)], (0, 50)),
        ([(50, 2), (100, 1), (7, 1)], (1, 107)),
    ],
)
def test_a_shared_address_stands_where_its_best_owners_stand(
    make_endpoint: MakeEndpoint, given: Sequence[tuple[int, int]], share: tuple[int, int]
) -> None:
    # Within one priority each record stands first as often as its weight says: a backup's has no say there.
    endpoints = [make_endpoint(f"a{i}", "10.0.0.1", weight=w, priority=p) for i, (w, p) in enumerate(given)]
    assert shares(one(publish(web(), endpoints, ZONE), "web.default.svc.z", 1)) == [share]


READY, UNREADY, DRAINING, NO_WEIGHT = {}, {"ready": False}, {"draining": True}, {"weight": 0}
FAILING, CHECKED = {"failing": "refused"}, {"health": HealthCheck("tcp")}


@pytest.mark.parametrize(
    ("states", "service", "ids"),
    [
        ([READY, READY], {}, "01"),
        ([READY, UNREADY], {}, "0"),
        ([READY, UNREADY], {"publish_not_ready": True}, "01"),
        ([READY, DRAINING], {}, "0"),
        ([READY, NO_WEIGHT], {}, "0"),
        ([DRAINING, DRAINING], {}, "01"),
        ([DRAINING, UNREADY], {}, "0"),
        ([UNREADY | DRAINING, UNREADY], {}, ""),
        ([NO_WEIGHT, NO_WEIGHT], {}, ""),
        ([DRAINING | NO_WEIGHT], {}, ""),
        ([DRAINING, UNREADY], {"publish_not_ready": True}, "1"),
        ([], {}, ""),
        ([READY, FAILING], CHECKED, "0"),
        ([READY, FAILING], {}, "01"),
        ([FAILING, FAILING], CHECKED, "01"),
        ([FAILING, DRAINING], CHECKED, "0"),
        ([FAILING, UNREADY], CHECKED, "0"),
        ([FAILING | DRAINING, DRAINING], CHECKED, "1"),
    ],
)
def test_who_is_answered(
    make_endpoint: MakeEndpoint, states: list[dict[str, Any]], service: dict[str, Any], ids: str
) -> None:
    # faults.md 5: "If all that is left is draining, the draining ones are answered." A check never empties a service.
    endpoints = [make_endpoint(str(index), "10.0.0.1", **state) for index, state in enumerate(states)]
    assert "".join(each.id for each in answered(web(**service), endpoints)) == ids


@pytest.mark.parametrize(
    ("when_empty", "names", "kind"),
    [
        ("nodata", ["@", "_http._tcp.@", "a.@"], Kind.PLAIN),
        ("last_known", ["@", "_http._tcp.@", "a.@"], Kind.PLAIN),
        ("nxdomain", [], Kind.PLAIN),
        ("servfail", ["@"], Kind.SERVFAIL),
    ],
)
def test_a_service_with_nothing_to_give(
    make_endpoint: MakeEndpoint, when_empty: Any, names: list[str], kind: Kind
) -> None:
    published = publish(web(when_empty=when_empty), [make_endpoint("a", "10.0.0.1", ready=False)], ZONE)
    assert (text(published), published.kind, published.pointers) == (names, kind, {})


def test_declared_ports_stand_without_any_endpoint() -> None:
    published = publish(web(ports=(HTTP, ServicePort("", "UDP", 5))), [], ZONE)
    assert text(published) == ["@", "_http._tcp.@"]


def test_ports_of_a_service_are_declared_or_the_union(make_endpoint: MakeEndpoint) -> None:
    endpoints = [
        make_endpoint("a", "10.0.0.1", ports=(Port("http", "TCP", 80), Port("", "TCP", 9))),
        make_endpoint("b", "10.0.0.1", ports=(Port("http", "TCP", 81), Port("http", "UDP", 82), Port("", "TCP", 10))),
    ]
    union = {(port.name, port.protocol) for port in published_ports(web(), endpoints)}
    assert union == {("http", "TCP"), ("http", "UDP"), ("", "TCP")}
    assert len(published_ports(web(), endpoints)) == 4
    assert published_ports(web(ports=(HTTP,)), endpoints) == (HTTP,)


@pytest.mark.parametrize(
    ("ports", "port", "is_declared", "number"),
    [
        # A service port takes the endpoint's port of the same name,
        ((Port("http", "TCP", 8080), Port("web", "TCP", 1)), HTTP, True, 8080),
        # else the one named target_port,
        ((Port("web", "TCP", 8081),), HTTP, True, 8081),
        # of its own protocol,
        ((Port("http", "UDP", 1), Port("web", "UDP", 2)), HTTP, True, 80),
        # else a numeric target_port,
        ((Port("other", "TCP", 1),), ServicePort("http", "TCP", 80, 8082), True, 8082),
        # else its own number;
        ((), HTTP, True, 80),
        ((), ServicePort("http", "TCP", 80), True, 80),
        # one without a name is named alike by another one without.
        ((Port("", "TCP", 9),), ServicePort("", "TCP", 80), True, 9),
        # A service without declared ports has those of each endpoint, and no others.
        ((Port("http", "TCP", 8080),), ServicePort("http", "TCP", 80), False, 8080),
        ((Port("http", "UDP", 8080),), ServicePort("http", "TCP", 80), False, None),
        ((Port("", "TCP", 9),), ServicePort("", "TCP", 9), False, 9),
        ((Port("", "TCP", 9),), ServicePort("", "TCP", 10), False, None),
        ((Port("http", "TCP", 9),), ServicePort("", "TCP", 9), False, None),
    ],
)
def test_the_number_behind_a_port(
    make_endpoint: MakeEndpoint, ports: tuple[Port, ...], port: ServicePort, is_declared: bool, number: int | None
) -> None:
    endpoint = make_endpoint("a", "10.0.0.1", ports=ports)
    assert endpoint_port(port, endpoint, is_declared=is_declared) == number


def test_an_endpoint_without_a_port_is_not_among_its_records(make_endpoint: MakeEndpoint) -> None:
    endpoints = [make_endpoint("a", "10.0.0.1"), make_endpoint("b", "10.0.0.2", ports=())]
    assert [line for line in text(publish(web(), endpoints, ZONE)) if "_http" in line] == [
        "_http._tcp.@ 5 IN SRV 0 100 8080 a.@"
    ]


def test_a_port_that_only_withheld_endpoints_have_exists_empty_but_where_empty_means_no_name(
    make_endpoint: MakeEndpoint,
) -> None:
    unready = make_endpoint("b", "10.0.0.2", ports=(Port("grpc", "TCP", 90),), ready=False)
    endpoints = [make_endpoint("a", "10.0.0.1"), unready]
    assert "_grpc._tcp.@" in text(publish(web(), endpoints, ZONE))
    assert "_grpc._tcp.@" not in text(publish(web(when_empty="nxdomain"), endpoints, ZONE))
