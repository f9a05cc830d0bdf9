"""Nodes carry ready bytes, and travel as plain values."""

import marshal

from dnsd.authority.form import Answer, Kind, rotation
from dnsd.authority.node import Node, empty_node, node_of, unpack_node
from dnsd.authority.octets import OWNER_POINTER, question_key, record_octets
from dnsd.authority.zone import Zone

RECORDS = [record_octets(OWNER_POINTER, 1, 5, bytes((10, 0, 0, each))) for each in (1, 2)]
SECTION = b"".join(RECORDS)
TURN = rotation((0, len(RECORDS[0])), len(SECTION), (100, 200))
ADDRESSES, TEXT = Answer(2, SECTION, (TURN,), b"glue", 1), Answer(1, b"text")
A, TXT, CNAME, AAAA = map(question_key, (1, 16, 5, 28))


def travelled(node: Node) -> Node:
    return unpack_node(marshal.loads(marshal.dumps(node.pack())), {node.zone.origin: node.zone})


def test_a_node_travels_as_plain_values(zone: Zone) -> None:
    node = node_of(zone, {A: ADDRESSES, TXT: TEXT}, Kind.SERVFAIL)
    again = travelled(node)
    assert (again.zone, again.kind, again.answers) == (zone, Kind.SERVFAIL, {A: ADDRESSES, TXT: TEXT})
    assert again.pack() == node.pack()
    assert again.form is node.form, "answers of one make share their form, in the other process too"


def test_answers_are_found_by_type(zone: Zone) -> None:
    for node in (node_of(zone, {A: ADDRESSES, TXT: TEXT}), travelled(node_of(zone, {A: ADDRESSES, TXT: TEXT}))):
        assert (node.get(A), node.get(TXT), node.get(AAAA)) == (ADDRESSES, TEXT, None)
        assert (node.answer, node.owns, list(node.answers)) == (ADDRESSES, True, [A, TXT])
        assert node.records == SECTION + b"glue"


def test_an_alias_comes_first(zone: Zone) -> None:
    # The fast way looks at the first alone before it says that there is nothing of a type.
    assert list(node_of(zone, {TXT: TEXT, CNAME: TEXT}).answers) == [CNAME, TXT]


def test_an_empty_node_owns_nothing(zone: Zone) -> None:
    for kind in Kind:
        for node in (empty_node(zone, kind), node_of(zone, {}, kind), travelled(empty_node(zone, kind))):
            assert (node.owns, node.answers, node.get(A), node.kind, node.zone) == (False, {}, None, kind, zone)
            assert node.pack() == (zone.origin, kind, ())
