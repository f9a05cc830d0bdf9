"""Every ancestor of a name exists, up to its zone's apex, and nothing else does."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsd.authority.form import Answer, Kind
from dnsd.authority.node import Node, empty_node, node_of
from dnsd.authority.octets import question_key
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.names import Name, name_from_text, parent_of

MakeZone = Callable[[str], Zone]
APEX = name_from_text("cluster.local")
OWNERS = [
    name_from_text(f"{relative}.cluster.local")
    for relative in ("a", "b.a", "c.b.a", "d.b.a", "x.y.z", "y.z", "z", "w.z", "deep.er.and.deep.er.c.b.a")
]


def node(zone: Zone) -> Node:
    return node_of(zone, {question_key(1): Answer(0, b"")})


def expected(owned: set[Name], apexes: tuple[Name, ...] = (APEX,)) -> set[Name]:
    """All names that must exist when these own something."""
    found = set(apexes)
    for owner in owned:
        while owner not in found:
            found.add(owner)
            owner = parent_of(owner)
    return found


@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.booleans()), max_size=60))
def test_puts_and_drops_keep_the_invariant(steps: list[tuple[Name, bool]]) -> None:
    zone = Zone(APEX, rdata.Soa(APEX, APEX, 1), 5, follows_revision=True)
    tree = Tree({})
    tree.put(APEX, node(zone))
    mirror = dict(tree.nodes)
    tree.drain_changes()
    owned: set[Name] = set()
    for owner, is_put in steps:
        if is_put:
            tree.put(owner, node(zone))
            owned.add(owner)
        elif owner in owned:
            tree.drop(owner)
            owned.discard(owner)
        assert tree.nodes.keys() == expected(owned)
        assert {name for name, each in tree.nodes.items() if each.owns} == owned | {APEX}
        for name, each in tree.drain_changes():
            if each is None:
                del mirror[name]
            else:
                mirror[name] = each
        assert mirror == tree.nodes


def test_the_last_word_of_a_change_counts(zone: Zone) -> None:
    tree, owner = Tree({}), OWNERS[0]
    tree.put(owner, node(zone))
    tree.drop(owner)
    again = node(zone)
    tree.put(owner, again)
    tree.put(OWNERS[5], node(zone))
    tree.drop(OWNERS[5])
    changes = dict(tree.drain_changes())
    assert changes[owner] is again
    assert changes[OWNERS[5]] is None
    assert tree.drain_changes() == []


def test_a_name_with_names_below_stays_as_an_empty_one(zone: Zone) -> None:
    tree = Tree({})
    tree.put(OWNERS[0], empty_node(zone, Kind.SERVFAIL))
    tree.put(OWNERS[1], node(zone))
    tree.drop(OWNERS[0])
    assert (tree.nodes[OWNERS[0]].answers, tree.nodes[OWNERS[0]].kind) == ({}, Kind.PLAIN)
    tree.drop(OWNERS[1])
    assert OWNERS[0] not in tree.nodes


def test_a_zone_inside_a_zone_holds_the_names_between(make_zone: MakeZone) -> None:
    # RFC 8020 2: a name with something below it exists, whatever comes and goes there.
    outer, inner = make_zone("cluster.local"), make_zone("in.y.z.cluster.local")
    tree = Tree({})
    tree.put(outer.origin, node(outer))
    tree.put(inner.origin, node(inner))
    tree.join(inner.origin, outer)
    between = [name_from_text("y.z.cluster.local"), name_from_text("z.cluster.local")]
    assert all(tree.nodes[name].zone is outer for name in between)
    tree.put(between[0], node(outer))
    tree.drop(between[0])
    assert all(tree.nodes[name].zone is outer and not tree.nodes[name].answers for name in between)


@settings(max_examples=20)
@given(st.lists(st.sampled_from(OWNERS), unique=True))
def test_all_that_came_goes_again(owners: list[Name]) -> None:
    zone = Zone(APEX, rdata.Soa(APEX, APEX, 1), 5, follows_revision=True)
    tree = Tree({})
    tree.put(APEX, node(zone))
    for owner in owners:
        tree.put(owner, node(zone))
    for owner in reversed(owners):
        tree.drop(owner)
    assert tree.nodes.keys() == {APEX}


def test_what_is_not_there_cannot_be_dropped() -> None:
    with pytest.raises(KeyError):
        Tree({}).drop(APEX)
