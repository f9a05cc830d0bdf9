"""PTR names follow all services that use an address."""

import dns.message
import pytest

from dnsd.authority.compile import compile_node
from dnsd.authority.domain import Domain
from dnsd.authority.octets import heads, question_key
from dnsd.authority.pointers import Pointers
from dnsd.authority.tree import Tree
from dnsd.model.names import Name, name_from_text, reverse_name

LOCAL = name_from_text("cluster.local")
TEN, HOST, STATIC = (name_from_text(f"{each}.in-addr.arpa") for each in ("10", "9.2.0.192", "168.192"))
WEB, API = ("default", "web"), ("default", "api")
A, B = name_from_text("a.web"), name_from_text("b.api")


class Room:
    """Reverse zones of ours, one of a single address, and a static one."""

    def __init__(self) -> None:
        domain = Domain((LOCAL,), (TEN, HOST), ("192.0.2.53",), 5)
        zones = {origin: domain.zone(origin) for origin in (TEN, HOST, STATIC)}
        self.tree = Tree({})
        for origin in (TEN, HOST):
            self.tree.put(origin, compile_node(zones[origin], domain.standing(origin)[origin], domain.glue))
        self.pointers = Pointers(zones, {TEN, HOST}, self.tree, domain)

    def ask(self, address: str, rtype: int = 12) -> list[str]:
        """The records of an address's PTR name."""
        owner = reverse_name(address)
        answer = self.tree.nodes[owner].answers[question_key(rtype)]
        packet = bytes(2) + heads(answer.count, 0, 0)[0] + owner + question_key(rtype) + answer.section
        return sorted(dns.message.from_wire(packet).answer[0].to_text().splitlines())

    def names(self) -> set[Name]:
        return set(self.tree.nodes)


@pytest.fixture
def room() -> Room:
    return Room()


def test_services_share_an_address(room: Room) -> None:
    # Kubernetes DNS specification 2.3.3; several services may share an address: all of them.
    room.pointers.put(WEB, {"10.0.0.1": {A}}, 30)
    room.pointers.put(API, {"10.0.0.1": {B}}, 5)
    owner = "1.0.0.10.in-addr.arpa. 5 IN PTR"
    assert room.ask("10.0.0.1") == [f"{owner} a.web.", f"{owner} b.api."]
    room.pointers.put(API, {}, 5)
    assert room.ask("10.0.0.1") == ["1.0.0.10.in-addr.arpa. 30 IN PTR a.web."]
    room.pointers.put(WEB, {}, 30)
    assert room.names() == {TEN, HOST}


def test_a_service_gives_up_an_address(room: Room) -> None:
    room.pointers.put(WEB, {"10.0.0.1": {A}, "10.0.0.2": {A, B}}, 5)
    room.pointers.put(WEB, {"10.0.0.2": {A}}, 5)
    assert reverse_name("10.0.0.1") not in room.names()
    assert room.ask("10.0.0.2") == ["2.0.0.10.in-addr.arpa. 5 IN PTR a.web."]


def test_what_did_not_change_is_not_compiled_again(room: Room) -> None:
    room.pointers.put(WEB, {"10.0.0.1": {A}}, 5)
    room.tree.drain_changes()
    room.pointers.put(WEB, {"10.0.0.1": {A}}, 5)
    assert room.tree.drain_changes() == []
    room.pointers.put(WEB, {"10.0.0.1": {A}}, 6)
    assert len(room.tree.drain_changes()) == 1


@pytest.mark.parametrize("address", ["192.0.2.1", "192.168.0.1", "fd00::1"])
def test_addresses_outside_our_ranges_or_in_a_static_zone_have_none(room: Room, address: str) -> None:
    room.pointers.put(WEB, {address: {A}}, 5)
    room.pointers.put(WEB, {}, 5)
    assert room.names() == {TEN, HOST}


def test_a_range_of_one_address_has_its_ptr_at_the_apex(room: Room) -> None:
    # --reverse 192.0.2.9/32: the PTR stands beside the zone's NS, and goes without taking the zone with it.
    before = room.tree.nodes[HOST].pack()
    room.pointers.put(WEB, {"192.0.2.9": {A}}, 5)
    assert room.ask("192.0.2.9") == ["9.2.0.192.in-addr.arpa. 5 IN PTR a.web."]
    assert room.ask("192.0.2.9", 2) == ["9.2.0.192.in-addr.arpa. 5 IN NS ns.dns.cluster.local."]
    room.pointers.put(WEB, {}, 5)
    assert room.tree.nodes[HOST].pack() == before
