"""Static zones beside each other and beside the registry's: which names stand, and in which zone."""

import itertools
from collections.abc import Callable, Sequence

import pytest

from dnsd.authority.static import plant
from dnsd.authority.table import Table
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model.names import name_from_text
from dnsd.model.rrset import Record, RRset, ZoneData

MakeStatic = Callable[[str, str], ZoneData]
MakeZone = Callable[[str], Zone]
Shape = Callable[[Table], dict[str, str]]
NS, A, TXT, DS, DNAME = "00020001:1", "00010001:1", "00100001:1", "002b0001:1", "00270001:1"


@pytest.fixture
def planted(shape: Shape) -> Callable[..., dict[str, str]]:
    """The shape of these zones, planted beside those that are known."""

    def plant_all(zones: Sequence[ZoneData], known: Sequence[Zone] = ()) -> dict[str, str]:
        table = Table()
        table.zones = {zone.origin: zone for zone in known}
        plant(zones, table.zones, Tree(table.nodes))
        assert all(node.zone is table.zones[node.zone.origin] for node in table.nodes.values())
        return shape(table)

    return plant_all


Planted = Callable[..., dict[str, str]]


def test_names_and_the_empty_ones_above_them(make_static: MakeStatic, planted: Planted) -> None:
    assert planted([make_static("example.org", "a.b 60 A 192.0.2.1\n")]) == {
        "example.org.": f"example.org. PLAIN {NS}",
        "b.example.org.": "example.org. PLAIN",
        "a.b.example.org.": f"example.org. PLAIN {A}",
    }


def test_a_delegation_hides_what_is_below_it(make_static: MakeStatic, planted: Planted) -> None:
    # RFC 1034 4.2.1: data below a cut is glue, and not authoritative.
    text = "sub NS ns.sub\nsub DS 1 8 2 00\nsub A 192.0.2.1\nns.sub A 192.0.2.2\nx.sub TXT hidden\n"
    assert planted([make_static("example.org", text)]) == {
        "example.org.": f"example.org. PLAIN {NS}",
        "sub.example.org.": f"example.org. CUT referral:1 {DS}",
    }


def test_an_alias_for_a_subtree_hides_what_is_below_it(planted: Planted) -> None:
    # RFC 6672 2.4: records below a DNAME "MUST NOT exist"; our reader refuses them, other makers of zones may not.
    apex, old, below = (name_from_text(text) for text in ("example.org", "old.example.org", "a.old.example.org"))
    soa = bytes(2) + bytes(20)
    sets = [
        RRset(apex, 6, 5, (Record(soa),)),
        RRset(old, 39, 5, (Record(apex),)),
        RRset(below, 1, 5, (Record(bytes(4)),)),
    ]
    assert planted([ZoneData(apex, tuple(sets), "test")]) == {
        "example.org.": "example.org. PLAIN",
        "old.example.org.": f"example.org. PLAIN {DNAME}",
    }


CHILD = {
    "sub.example.org.": f"sub.example.org. PLAIN {NS}",
    "www.sub.example.org.": f"sub.example.org. PLAIN {A}",
}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_innermost_zone_has_a_name_in_whatever_order(
    make_static: MakeStatic, planted: Planted, order: tuple[int, int]
) -> None:
    # RFC 1034 4.3.2 step 2: "the zone which is the nearest ancestor to QNAME".
    zones = [
        make_static("example.org", "sub NS ns.sub\nns.sub A 192.0.2.2\nwww.sub TXT parent\n"),
        make_static("sub.example.org", "www A 192.0.2.1\n"),
    ]
    assert planted([zones[each] for each in order]) == {"example.org.": f"example.org. PLAIN {NS}", **CHILD}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_names_between_zones_belong_to_the_nearest_one_above(
    make_static: MakeStatic, planted: Planted, order: tuple[int, ...]
) -> None:
    zones = [
        make_static("org", ""),
        make_static("example.org", ""),
        make_static("x.y.example.org", ""),
    ]
    assert planted([zones[each] for each in order]) == {
        "org.": f"org. PLAIN {NS}",
        "example.org.": f"example.org. PLAIN {NS}",
        "y.example.org.": "example.org. PLAIN",
        "x.y.example.org.": f"x.y.example.org. PLAIN {NS}",
    }


def test_a_zone_below_a_delegation_of_another_does_not_end_the_delegation(
    make_static: MakeStatic, planted: Planted
) -> None:
    zones = [make_static("example.org", "sub NS ns.example.com.\n"), make_static("x.y.sub.example.org", "")]
    assert planted(zones) == {
        "example.org.": f"example.org. PLAIN {NS}",
        "sub.example.org.": "example.org. CUT referral:1",
        "x.y.sub.example.org.": f"x.y.sub.example.org. PLAIN {NS}",
    }


def test_the_registrys_zone_inside_a_static_one(make_static: MakeStatic, make_zone: MakeZone, planted: Planted) -> None:
    text = "k8s.in NS ns.example.com.\nweb.k8s.in TXT hidden\n"
    assert planted([make_static("example.org", text)], [make_zone("k8s.in.example.org")]) == {
        "example.org.": f"example.org. PLAIN {NS}",
        "in.example.org.": "example.org. PLAIN",
    }


def test_the_root(make_static: MakeStatic, planted: Planted) -> None:
    assert planted([make_static(".", "a.b TXT x\n"), make_static("c.d", "")]) == {
        ".": f". PLAIN {NS}",
        "b.": ". PLAIN",
        "a.b.": f". PLAIN {TXT}",
        "d.": ". PLAIN",
        "c.d.": f"c.d. PLAIN {NS}",
    }


@pytest.mark.parametrize(
    ("text", "has_wildcards"),
    [("* TXT x\n", True), ("*.a TXT x\n", True), ("b.*.a TXT x\n", True), ("a TXT x\n", False), ("a* TXT x\n", False)],
)
def test_a_zone_knows_whether_wildcards_are_in_it(make_static: MakeStatic, text: str, has_wildcards: bool) -> None:
    # RFC 4592 2.1.1: an asterisk label anywhere; an empty non-terminal may be a wildcard too.
    known: dict[bytes, Zone] = {}
    plant([make_static("example.org", text)], known, Tree({}))
    assert known[name_from_text("example.org")].has_wildcards is has_wildcards


def test_a_zone_keeps_its_own_soa(make_static: MakeStatic) -> None:
    known: dict[bytes, Zone] = {}
    plant([make_static("example.org", "")], known, Tree({}))
    zone = known[name_from_text("example.org")]
    zone.stamp(99)
    assert (zone.soa.serial, zone.ttl, zone.soa.minimum) == (7, 300, 60)


def test_addresses_of_a_zones_targets_are_found_in_it(make_static: MakeStatic) -> None:
    tree = Tree({})
    plant([make_static("example.org", "@ MX 10 Mail\nmail A 192.0.2.1\n")], {}, tree)
    node = tree.nodes[name_from_text("example.org")]
    assert node.answers[b"\0\x0f\0\1"].additional_count == 1
