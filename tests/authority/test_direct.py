"""The short way makes just what the long way makes, or leaves it to that."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.direct import compiled, direct
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.names import Name, child, name_from_text
from dnsd.model.service import Endpoint, Port, Service, ServicePort

APEX = name_from_text("cluster.local")
ZONE = Zone(APEX, rdata.Soa(APEX, APEX, 1), 5, follows_revision=True)
WEB = name_from_text("web.default.svc.cluster.local")

ADDRESSES = [*(f"10.0.0.{octet}" for octet in range(12)), "2001:db8::1", "2001:db8::2", "fd00::1"]
PORT = st.sampled_from([Port("http", "TCP", 80), Port("http", "TCP", 81), Port("dns", "UDP", 53), Port("", "TCP", 53)])
PORTS = st.lists(PORT, max_size=3, unique_by=lambda port: (port.name, port.protocol)).map(tuple)
DECLARED = st.sampled_from(
    [(), (), (ServicePort("http", "TCP", 80),), (ServicePort("web", "TCP", 80, "http"), ServicePort("dns", "UDP", 53))]
)
FIELDS = st.fixed_dictionaries(
    {
        "addresses": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3).map(tuple),
        "ports": st.just((Port("http", "TCP", 80),)) | PORTS,
        "weight": st.sampled_from([0, 1, 7, 65_535]),
        "priority": st.sampled_from([0, 0, 0, 3]),
        "hostname": st.sampled_from([None, None, "a", "b"]),
        "ready": st.booleans(),
        "draining": st.booleans(),
    }
)
SERVICE = st.builds(
    Service,
    st.just("default"),
    st.just("web"),
    ports=DECLARED,
    cluster_ips=st.sampled_from([(), (), ("10.9.9.9",)]),
    ttl_seconds=st.sampled_from([5, 300]),
    when_empty=st.sampled_from(["nodata", "nxdomain"]),
    publish_not_ready=st.booleans(),
)


def endpoints_of(many: Sequence[dict[str, Any]]) -> list[Endpoint]:
    names = ("web-1", "web-2", "Web:3", "web-4")  # one of them is no label: its addresses name it
    known = [Endpoint("default", "web", name, **fields) for name, fields in zip(names, many, strict=False)]
    return sorted(known, key=lambda endpoint: endpoint.id)


@given(SERVICE, st.lists(FIELDS, max_size=4))
def test_both_ways_lead_to_the_same(service: Service, many: list[dict[str, Any]]) -> None:
    known = endpoints_of(many)
    short, long = direct(service, known, ZONE, {}), compiled(service, known, ZONE)
    if short is None:
        return
    assert {owner: node.pack() for owner, node in short.nodes.items()} == {
        owner: node.pack() for owner, node in long.nodes.items()
    }
    assert short.pointers == long.pointers


@given(SERVICE, st.lists(FIELDS, max_size=4), st.lists(FIELDS, max_size=4))
def test_what_stood_before_leaves_no_trace(
    service: Service, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    stood = compiled(service, endpoints_of(before), ZONE).nodes
    known = endpoints_of(after)
    short = direct(service, known, ZONE, stood)
    if short is not None:
        long = compiled(service, known, ZONE)
        assert {owner: node.pack() for owner, node in short.nodes.items()} == {
            owner: node.pack() for owner, node in long.nodes.items()
        }


def test_a_usual_service_goes_the_short_way(make_endpoint: Callable[..., Endpoint]) -> None:
    known = [make_endpoint(f"web-{number}", f"10.0.0.{number}", f"fd00::{number}") for number in range(1, 5)]
    made = direct(Service("default", "web"), known, ZONE, {})
    assert made is not None
    assert next(iter(made.pointers.items())) == ("10.0.0.1", (child("web-1", WEB),))
    assert WEB in made.nodes


def test_a_host_name_that_stays_as_it_is_keeps_its_node(make_endpoint: Callable[..., Endpoint]) -> None:
    service, names = Service("default", "web"), (child("web-1", WEB), child("web-2", WEB))
    before = direct(service, [make_endpoint("web-1", "10.0.0.1"), make_endpoint("web-2", "10.0.0.2")], ZONE, {})
    assert before is not None
    moved = [make_endpoint("web-1", "10.0.0.1", weight=3), make_endpoint("web-2", "10.0.0.9")]
    after = direct(service, moved, ZONE, before.nodes)
    assert after is not None
    kept: Callable[[Name], bool] = lambda name: after.nodes[name] is before.nodes[name]  # noqa: E731
    assert [kept(name) for name in names] == [True, False]
    assert not kept(WEB)


def test_two_endpoints_of_one_address_go_the_long_way(make_endpoint: Callable[..., Endpoint]) -> None:
    known = [make_endpoint("web-1", "10.0.0.1"), make_endpoint("web-2", "10.0.0.1")]
    assert direct(Service("default", "web"), known, ZONE, {}) is None
