"""A table goes to another process and arrives as it was."""

import marshal
from collections.abc import Callable

import pytest

from dnsd.authority.compile import compile_node
from dnsd.authority.form import Kind
from dnsd.authority.table import NODES_A_STEP, Delta, Loading, Table, parts_of, unpack_node
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model.names import Name, child, name_from_text
from dnsd.model.rrset import Record, RRset

MakeZone = Callable[[str], Zone]
APEX = name_from_text("cluster.local")
SVC = child("svc", APEX)


def rrset(owner: Name, *last: int) -> RRset:
    return RRset(owner, 1, 5, tuple(Record(bytes((10, 0, 0, each))) for each in last))


def packed(table: Table) -> object:
    nodes = {owner: node.pack() for owner, node in table.nodes.items()}
    return table.revision, table.loaded, nodes, {origin: zone.pack() for origin, zone in table.zones.items()}


@pytest.fixture
def table(zone: Zone) -> Table:
    made = Table()
    tree = Tree(made.nodes)
    for owner, last in ((APEX, (1,)), (SVC, (1, 2)), (child("a", SVC), (3,)), (child("b", SVC), ())):
        tree.put(owner, compile_node(zone, [rrset(owner, *last)] if last else [], lambda _: ()))
    made.zones[APEX] = zone
    made.loaded = True
    made.stamp(7)
    made.words.put(SVC, "service has no endpoints", "http")
    made.words.put(child("d", SVC), "", "http")
    return made


@pytest.mark.parametrize("nodes_most", [1, 3, 4, 100])
def test_parts_make_the_table_again(table: Table, nodes_most: int) -> None:
    loading, other = Loading(), Table()
    parts = [marshal.loads(marshal.dumps(part)) for part in parts_of(table, nodes_most)]
    assert all(len(nodes) <= nodes_most for _, _, nodes, _ in parts)
    for part in parts:
        loading.add(part)
    assert not other.loaded
    other.replace(loading)
    assert packed(other) == packed(table)
    assert list(other.words.all()) == list(table.words.all())


def test_a_table_without_nodes_has_its_zones(zone: Zone) -> None:
    empty, loading = Table(), Loading()
    empty.zones[APEX] = zone
    (part,) = parts_of(empty, 10)
    loading.add(part)
    assert loading.zones.keys() == {APEX}


def test_changes_during_the_drawing_do_no_harm(table: Table, zone: Zone) -> None:
    drawn = parts_of(table, 1)
    loading, other = Loading(), Table()
    loading.add(next(drawn))
    deltas = [
        Delta(8, [(child("a", SVC), None)]),
        Delta(9, [(child("c", SVC), compile_node(zone, [rrset(child("c", SVC), 9)], lambda _: ()))]),
    ]
    for delta in deltas:
        table.apply(delta.pack())
    for part in drawn:
        loading.add(part)
    other.replace(loading)
    for delta in deltas:
        other.apply(delta.pack())
    assert packed(other) == packed(table)


def test_a_delta_replaces_and_removes(table: Table, zone: Zone) -> None:
    before = table.nodes[SVC]
    delta = Delta(8, [(SVC, compile_node(zone, [rrset(SVC, 9)], lambda _: ())), (child("a", SVC), None)])
    table.apply(marshal.loads(marshal.dumps(delta.pack())))
    assert table.nodes[SVC] is not before
    assert child("a", SVC) not in table.nodes
    table.apply((9, [(child("a", SVC), None)], []))
    assert table.revision == 9


def test_a_large_delta_is_taken_step_by_step_and_shown_at_once(table: Table, zone: Zone) -> None:
    names = [child(f"n{number}", SVC) for number in range(2 * NODES_A_STEP + 1)]
    delta = Delta(8, [(name, compile_node(zone, [rrset(name, 9)], lambda _: ())) for name in names])
    before = packed(table)
    steps = [packed(table) == before for _ in table.apply_steps(delta.pack())]
    assert steps == [True, True, True]
    assert table.revision == 8
    assert table.nodes.keys() >= set(names)


def test_a_revision_is_in_every_soa_of_the_registry(table: Table, make_zone: MakeZone) -> None:
    table.zones[name_from_text("example.org")] = make_zone("example.org")
    table.stamp(77)
    assert {zone.soa.serial for zone in table.zones.values()} == {77}


def test_nothing_is_served_before_the_first_load() -> None:
    table = Table()
    assert (table.nodes, table.zones, table.loaded, table.revision) == ({}, {}, False, 0)


def test_an_empty_node_keeps_its_kind(zone: Zone) -> None:
    node = unpack_node((APEX, int(Kind.SERVFAIL), ()), {APEX: zone})
    assert (node.kind, node.answers, node.zone) == (Kind.SERVFAIL, {}, zone)
