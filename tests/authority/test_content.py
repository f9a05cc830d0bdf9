"""Services come into the tree and go out of it again, without a trace."""

from collections.abc import Callable

import pytest

from dnsd.authority.content import Content
from dnsd.authority.domain import Domain
from dnsd.authority.form import Kind
from dnsd.authority.lastknown import LastKnown
from dnsd.authority.slowstart import SlowStart
from dnsd.authority.table import Table
from dnsd.model.change import Removal
from dnsd.model.names import Name, name_from_text
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, Port, Service

MakeEndpoint = Callable[..., Endpoint]
MakeStatic = Callable[[str, str], ZoneData]
LOCAL, OTHER = name_from_text("cluster.local"), name_from_text("example.org")
DOMAIN = Domain((LOCAL, OTHER), (name_from_text("10.in-addr.arpa"),), ("192.0.2.53",), 5)
WEB = Service("default", "web")


@pytest.fixture
def content() -> Content:
    return Content(DOMAIN, (), LastKnown(), SlowStart())


def packed(content: Content) -> dict[Name, object]:
    return {owner: node.pack() for owner, node in content.tree.nodes.items()}


def test_a_service_is_in_every_cluster_domain_its_ptr_in_the_first(
    content: Content, make_endpoint: MakeEndpoint
) -> None:
    content.inventory.put(WEB)
    content.inventory.put(make_endpoint("a", "10.0.0.1"))
    content.publish(WEB.key)
    for text in ("a.web.default.svc.cluster.local", "a.web.default.svc.example.org", "1.0.0.10.in-addr.arpa"):
        assert content.tree.nodes[name_from_text(text)].answers
    pointer = content.tree.nodes[name_from_text("1.0.0.10.in-addr.arpa")]
    (answer,) = pointer.answers.values()
    assert answer.section.endswith(name_from_text("a.web.default.svc.cluster.local"))


def test_withdrawn_names_leave_nothing(content: Content, make_endpoint: MakeEndpoint) -> None:
    before = packed(content)
    for value in (WEB, make_endpoint("a", "10.0.0.1"), make_endpoint("b", "192.0.2.1")):
        content.inventory.put(value)
    content.publish(WEB.key)
    content.inventory.remove(Removal(("default", "web", "b"), "expired"))
    content.publish(WEB.key)
    assert name_from_text("b.web.default.svc.cluster.local") not in content.tree.nodes
    for key in (("default", "web", "a"), WEB.key):
        content.inventory.remove(Removal(key, "expired"))
    content.publish(WEB.key)
    content.publish(WEB.key)
    assert packed(content) == before


def test_endpoints_without_their_service_are_not_published(content: Content, make_endpoint: MakeEndpoint) -> None:
    before = packed(content)
    content.inventory.put(make_endpoint("a", "10.0.0.1"))
    content.publish(WEB.key)
    assert packed(content) == before


def test_a_service_that_must_fail_has_nodes_that_say_so(content: Content) -> None:
    content.inventory.put(Service("default", "web", when_empty="servfail"))
    content.publish(WEB.key)
    assert content.tree.nodes[name_from_text("web.default.svc.cluster.local")].kind == Kind.SERVFAIL


def test_a_static_zone_may_take_a_reverse_range_over(make_static: MakeStatic, make_endpoint: MakeEndpoint) -> None:
    content = Content(
        DOMAIN, [make_static("10.in-addr.arpa", "1.0.0 PTR static.example.com.\n")], LastKnown(), SlowStart()
    )
    before = packed(content)
    content.inventory.put(WEB)
    content.inventory.put(make_endpoint("a", "10.0.0.1"))
    content.publish(WEB.key)
    owner = name_from_text("1.0.0.10.in-addr.arpa")
    assert content.tree.nodes[owner].pack() == before[owner]
    assert not content.zones[name_from_text("10.in-addr.arpa")].follows_revision


def test_a_range_inside_a_range_hangs_together() -> None:
    # --reverse 10.0.0.0/8 --reverse 10.1.2.0/24: 1.10.in-addr.arpa is an empty non-terminal of the outer one.
    inner, outer = name_from_text("2.1.10.in-addr.arpa"), name_from_text("10.in-addr.arpa")
    content = Content(Domain((LOCAL,), (outer, inner), (), 5), (), LastKnown(), SlowStart())
    assert content.tree.nodes[name_from_text("1.10.in-addr.arpa")].zone is content.zones[outer]


def test_the_tables_zones_are_those_of_the_nodes(content: Content) -> None:
    table = Table()
    table.nodes, table.zones = content.tree.nodes, content.zones
    assert all(node.zone is table.zones[node.zone.origin] for node in table.nodes.values())


def test_who_a_service_is_made_of(content: Content, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint("a", "10.0.0.1")
    assert list(content.published(WEB.key)) == []
    content.inventory.put(endpoint)
    assert list(content.published(WEB.key)) == []
    content.inventory.put(WEB)
    assert list(content.published(WEB.key)) == [endpoint]


def test_the_word_at_a_services_ports_goes_with_its_reason(content: Content, make_endpoint: MakeEndpoint) -> None:
    ports = (Port("http", "TCP", 80),)
    content.inventory.put(WEB)
    content.inventory.put(make_endpoint("a", "10.0.0.1", ports=ports))
    content.inventory.put(make_endpoint("b", "10.0.0.2", ports=ports, ready=False))
    content.publish(WEB.key)
    at_port = name_from_text("_http._tcp.web.default.svc.cluster.local")
    assert content.words.reasons[at_port] == "1 of 2 endpoints left out: not ready"
    content.inventory.put(make_endpoint("b", "10.0.0.2", ports=ports))
    content.publish(WEB.key)
    assert not content.words.reasons
    content.inventory.put(make_endpoint("b", "10.0.0.2", ports=ports, ready=False))
    content.publish(WEB.key)
    content.inventory.remove(Removal(WEB.key, "deleted"))
    content.publish(WEB.key)
    assert not content.words.reasons
