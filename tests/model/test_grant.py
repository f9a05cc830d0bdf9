"""What a grant allows: never more than it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.model.errors import InvalidRecord
from dnsd.model.grant import (
    EVERYTHING,
    VERBS,
    Grant,
    is_unbound,
    may,
    may_all,
    may_some,
    refused_address,
)


@pytest.mark.parametrize(
    ("pattern", "name", "is_covered"),
    [
        ("*", "anything", True),
        ("web", "web", True),
        ("web", "web2", False),
        ("web", "aweb", False),
        ("web-*", "web-", True),
        ("web-*", "web-1", True),
        ("web-*", "web", False),
        ("*-web", "a-web", True),
        ("a*b*c", "abc", True),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "acb", False),
        ("a*b*c*", "abcbcd", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "aab", False),
        ("a*a", "a", False),
        ("*a" * 20 + "*b", "a" * 63, False),
        ("web-*", "web-\nother", True),
    ],
)
def test_patterns(pattern: str, name: str, is_covered: bool) -> None:
    assert Grant(("read",), service=pattern).covers("read", "default", name) is is_covered
    assert Grant(("read",), namespace=pattern).covers("read", name, "web") is is_covered


def test_a_verb_is_itself_alone() -> None:
    for own in VERBS:
        grants = (Grant((own,)),)
        assert [verb for verb in VERBS if may(grants, verb, "a", "b")] == [own]
        assert [verb for verb in VERBS if may_all(grants, verb)] == [own]


def test_whole_and_some() -> None:
    grants = (Grant(("read",), "shop"), Grant(("drain",), "*", "web"))
    assert not may_all(grants, "read")
    assert not may_all(grants, "drain")
    assert [verb for verb in VERBS if may_some(grants, verb)] == ["read", "drain"]
    assert may_all(EVERYTHING, "admin")
    assert not may_some((), "read")


@pytest.mark.parametrize(
    ("networks", "address", "is_taken"),
    [
        (None, "192.0.2.1", True),
        (None, "2001:db8::1", True),
        (None, "127.0.0.1", False),
        (None, "::1", False),
        (("0.0.0.0/0",), "127.0.0.1", False),
        (("::/0",), "::1", False),
        (("127.0.0.0/8",), "127.0.0.1", True),
        (("::1/128",), "::1", True),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.0.0.0/8",), "fd00::1", False),
        (("fd00::/8", "10.0.0.0/8"), "fd00::1", True),
    ],
)
def test_addresses(networks: tuple[str, ...] | None, address: str, is_taken: bool) -> None:
    assert Grant(("register",), networks=networks).takes(address) is is_taken


def test_each_address_needs_some_grant_that_registers_there() -> None:
    grants = (
        Grant(("register",), "shop", "web", ("10.0.0.0/8",)),
        Grant(("register",), "shop", "*", ("fd00::/8",)),
        Grant(("read", "drain"), "shop", "*", None),
    )
    assert refused_address(grants, ("shop", "web"), ["10.0.0.1", "fd00::1"]) is None
    assert refused_address(grants, ("shop", "db"), ["fd00::1", "10.0.0.1"]) == "10.0.0.1"
    assert refused_address(grants, ("other", "web"), ["10.0.0.1"]) == "10.0.0.1"
    assert not is_unbound(grants, ("shop", "web"))
    assert is_unbound((*grants, Grant(("register",), "shop")), ("shop", "web"))


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"verbs": ()}, "/verbs"),
        ({"verbs": ("write",)}, "/verbs/0"),
        ({"verbs": ("read",), "namespace": "a.b"}, "/namespace"),
        ({"verbs": ("read",), "namespace": "A"}, "/namespace"),
        ({"verbs": ("read",), "service": ""}, "/service"),
        ({"verbs": ("read",), "service": "[a]"}, "/service"),
        ({"verbs": ("admin",), "namespace": "shop"}, "/verbs"),
        ({"verbs": ("read",), "networks": ()}, "/addresses"),
        ({"verbs": ("read",), "networks": ("10.0.0.1/8",)}, "/addresses/0"),
        ({"verbs": ("read",), "networks": ("10.0.0.0/8", "x")}, "/addresses/1"),
    ],
)
def test_what_is_no_grant(fields: dict[str, tuple[str, ...] | str], pointer: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        Grant(**fields)
    assert caught.value.faults[0].pointer == pointer


@given(st.lists(st.sampled_from(VERBS), min_size=1, unique=True), st.from_regex(r"[a-z]{1,3}", fullmatch=True))
def test_more_grants_never_allow_less(verbs: list[str], name: str) -> None:
    first = (Grant(("read",), "a*"),)
    more = (*first, Grant(tuple(verbs)))
    for verb in VERBS:
        assert may(more, verb, name, name) >= may(first, verb, name, name)
