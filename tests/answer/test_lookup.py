"""What the table holds for a name, as one value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.answer import lookup
from dnsd.answer.lookup import Below, Failed, Hit, NoName, NotOurs, Referral, closest_encloser, place
from dnsd.authority.node import REFERRAL, empty_node
from dnsd.authority.table import Table
from dnsd.model.names import Name, name_from_text, parent_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("www.example.org", Hit),
        ("b.deep.example.org", Hit),
        ("x.wild.example.org", Hit),
        ("x.y.wild.example.org", Hit),
        ("nobody.example.org", NoName),
        ("www.www.example.org", NoName),
        ("nobody.default.svc.cluster.local", NoName),
        ("sub.example.org", Referral),
        ("www.sub.example.org", Referral),
        ("x.wcut.example.org", Referral),
        ("x.old.example.org", Below),
        ("old.example.org", Hit),
        ("down.default.svc.cluster.local", Failed),
        ("x.down.default.svc.cluster.local", Failed),
        ("org", NotOurs),
        (".", NotOurs),
    ],
)
def test_where_a_name_stands(table: Table, name: str, kind: type) -> None:
    assert isinstance(place(table.nodes, name_from_text(name)), kind)


def test_a_place_says_what_is_needed_next(table: Table) -> None:
    nodes = table.nodes
    assert place(nodes, name_from_text("x.wild.example.org")) == Hit(nodes[name_from_text("*.wild.example.org")])
    old = name_from_text("old.example.org")
    assert place(nodes, name_from_text("x.old.example.org")) == Below(old, nodes[old])
    cut = nodes[name_from_text("sub.example.org")]
    assert place(nodes, name_from_text("x.sub.example.org")) == Referral(cut.answers[REFERRAL])
    assert place(nodes, name_from_text("x.example.org")) == NoName(table.zones[name_from_text("example.org")])


def test_a_wildcard_stands_for_names_below_the_nearest_one_that_exists(table: Table) -> None:
    # RFC 4592 3.3.1: the source of synthesis is the asterisk at the closest encloser, at no other name above it.
    nodes = dict(table.nodes)
    wildcard = name_from_text("*.wild.example.org")
    nodes[name_from_text("there.wild.example.org")] = empty_node(nodes[wildcard].zone)
    assert isinstance(place(nodes, name_from_text("x.there.wild.example.org")), NoName)
    assert isinstance(place(nodes, name_from_text("x.wild.example.org")), Hit)


def test_keys_are_those_of_the_protocol() -> None:
    assert (39).to_bytes(2) + (1).to_bytes(2) == lookup.DNAME_KEY


@given(st.binary(max_size=40))
def test_octets_that_only_claim_to_be_a_name_are_no_danger(octets: bytes) -> None:
    nodes = {name_from_text(text): None for text in (".", "a", "b.a")}
    found = closest_encloser(nodes, octets)  # type: ignore[arg-type]
    assert found is None or (found in nodes and octets.endswith(found))


@given(st.lists(st.sampled_from([b"a", b"b", b"c\0d", b"*"]), min_size=1, max_size=6))
def test_the_closest_encloser_is_the_nearest_ancestor(labels: list[bytes]) -> None:
    owner: Name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    nodes = {name_from_text(text): None for text in ("a", "b.a", "a.b.a", "b")}
    above = parent_of(owner)
    while above != b"\0" and above not in nodes:
        above = parent_of(above)
    assert closest_encloser(nodes, owner) == (above if above in nodes else None)  # type: ignore[arg-type]
