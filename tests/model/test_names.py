"""Names between text and wire, and the labels that Kubernetes allows."""

import ipaddress

import dns.name
import dns.reversename
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dnsd.model import names
from dnsd.model.names import ROOT, name_from_labels, name_from_text, name_to_text

LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=8)
NAMES = LABELS.filter(lambda labels: sum(map(len, labels)) + len(labels) < 255).map(
    lambda labels: b"".join(bytes((len(label),)) + label for label in labels) + ROOT
)


@given(NAMES)
def test_any_name_survives_text(name: bytes) -> None:
    assert name_from_text(name_to_text(name)) == name


@given(NAMES)
def test_our_text_is_dnspythons_name(name: bytes) -> None:
    assert dns.name.from_text(name_to_text(name)).to_wire() == name


@given(NAMES)
def test_dnspythons_text_is_our_name(name: bytes) -> None:
    assert name_from_text(dns.name.from_wire(name, 0)[0].to_text()) == name


@given(NAMES)
def test_a_name_is_its_labels(name: bytes) -> None:
    assert name_from_labels(*names.labels_of(name)) == name


@given(NAMES)
def test_folding_touches_ascii_letters_only(name: bytes) -> None:
    # RFC 4343 3: only the ASCII letters have case.
    folded = name.lower()
    assert [len(label) for label in names.labels_of(folded)] == [len(label) for label in names.labels_of(name)]
    assert all(new == old or (65 <= old <= 90 and new == old + 32) for old, new in zip(name, folded, strict=True))


@given(NAMES, st.text(max_size=20))
def test_whatever_text_makes_a_name_or_a_reason(origin: bytes, text: str) -> None:
    try:
        name = name_from_text(text, origin)
    except ValueError as fault:
        assert str(fault)  # noqa: PT017
    else:
        assert dns.name.from_wire(name, 0)[1] == len(name)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (".", []),
        ("web", [b"web"]),
        ("web.", [b"web"]),
        ("Web.Default", [b"Web", b"Default"]),
        (r"a\.b.c", [b"a.b", b"c"]),
        (r"a\.", [b"a."]),
        (r"\000\255\032", [b"\0\xff "]),
        (r"\@", [b"@"]),
        (r"\\", [b"\\"]),
        (r"\a\ b", [b"a b"]),
        ("x" * 63, [b"x" * 63]),
    ],
)
def test_text_as_in_master_files(text: str, labels: list[bytes]) -> None:
    assert name_from_text(text) == b"".join(bytes((len(label),)) + label for label in labels) + ROOT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty label"),
        ("..", "empty label"),
        (".web", "empty label"),
        ("web..", "empty label"),
        ("a..b", "empty label"),
        ("x" * 64, "label of 64 octets"),
        ("x" * 64 + ".", "label of 64 octets"),
        (".".join(["x" * 63] * 4), "name of 257 octets"),
        ("a b", r"must be written as \\DDD"),
        ("ä", r"must be written as \\DDD"),
        ("\\ä", r"must be written as \\DDD"),
        ("a\n", r"must be written as \\DDD"),
        ("a\\", "ends in a backslash"),
        (r"\25", "three digits"),
        (r"\256", "three digits"),
        (r"\2x5", "three digits"),
        ("\\٢٥٥", "three digits"),
        ("\\2²3", "three digits"),
    ],
)
def test_text_that_is_no_name(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        name_from_text(text)


def test_relative_text_is_put_below_the_origin() -> None:
    origin = name_from_text("example.org")
    assert name_from_text("web", origin) == name_from_text("web.example.org.")
    assert name_from_text("web.", origin) == name_from_text("web.")
    assert name_from_text("@", origin) == origin
    assert name_from_text(".", origin) == ROOT


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (ROOT, "."),
        (b"\3web\0", "web."),
        (b"\4_tcp\1*\0", "_tcp.*."),
        (b'\x09"$();@.\\ \0', r"\"\$\(\)\;\@\.\\\032."),
        (b"\2\x7f\xff\0", r"\127\255."),
    ],
)
def test_text_for_people(name: bytes, text: str) -> None:
    assert name_to_text(name) == text


@pytest.mark.parametrize("label", ["", "x" * 64, b"", b"x" * 64])
def test_labels_have_1_to_63_octets(label: str | bytes) -> None:
    with pytest.raises(ValueError, match="1 to 63 are possible"):
        name_from_labels("web", label)
    with pytest.raises(ValueError, match="1 to 63 are possible"):
        names.child(label, ROOT)


def test_a_name_has_at_most_255_octets() -> None:
    longest = name_from_labels("x" * 63, "x" * 63, "x" * 63, "x" * 61)
    assert len(longest) == 255
    with pytest.raises(ValueError, match="name of 257 octets"):
        names.child("x", longest)
    with pytest.raises(ValueError, match="name of 256 octets"):
        name_from_labels("x" * 63, "x" * 63, "x" * 63, "x" * 62)


def test_child_and_parent() -> None:
    parent = name_from_text("default.svc")
    assert names.child("web", parent) == names.child(b"web", parent) == name_from_text("web.default.svc")
    assert names.parent_of(names.child("web", parent)) == parent


@pytest.mark.parametrize(
    ("name", "origin", "is_inside"),
    [
        ("web.example.org", "example.org", True),
        ("example.org", "example.org", True),
        ("org", "example.org", False),
        ("myexample.org", "example.org", False),
        ("web.example.com", "example.org", False),
        ("web", ".", True),
        (".", ".", True),
        (".", "org", False),
    ],
)
def test_at_or_below(name: str, origin: str, is_inside: bool) -> None:
    assert names.is_at_or_below(name_from_text(name), name_from_text(origin)) is is_inside


LABEL_CASES = [("web", True), ("0", True), ("a-b", True), ("x" * 63, True)]
NO_LABELS = ["", "-a", "a-", "x" * 64, "Web", "a.b", "a_b", "web\n", "wéb", "*"]


@pytest.mark.parametrize(("text", "is_one"), [*LABEL_CASES, *((text, False) for text in NO_LABELS)])
def test_labels_of_rfc_1123(text: str, is_one: bool) -> None:
    assert names.is_label(text) is is_one


@pytest.mark.parametrize(("text", "is_one"), [("http", True), ("x" * 62, True), ("x" * 63, False), ("-a", False)])
def test_port_names_leave_room_for_the_underscore(text: str, is_one: bool) -> None:
    assert names.is_port_name(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Task.1:8080_a-b", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("a b", False),
        ("a\n", False),
        (".", False),
        ("..", False),
        ("...", True),
    ],
)
def test_endpoint_ids(text: str, is_one: bool) -> None:
    assert names.is_endpoint_id(text) is is_one


@given(st.ip_addresses())
def test_reverse_names_are_dnspythons(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assume(not getattr(address, "scope_id", None))
    assume(not getattr(address, "ipv4_mapped", None))  # dnspython gives those the name of the IPv4 address
    assert names.reverse_name(str(address)) == dns.reversename.from_address(str(address)).to_wire()


@given(st.ip_addresses())
def test_a_dashed_address_is_a_label(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert names.is_label(names.dashed(str(address)))


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("10.1.2.3", "10-1-2-3"),
        ("2001:db8::1", "2001-db8--1"),
        ("2001:db8::", "2001-db8--0"),
        ("::1", "0--1"),
        ("::", "0--0"),
        ("FD00::A", "fd00--a"),
    ],
)
def test_dashed_addresses(address: str, label: str) -> None:
    assert names.dashed(address) == label


SPARSE = st.lists(st.sampled_from([0, 0, 1, 0xFFFF]), min_size=8, max_size=8).map(
    lambda groups: ipaddress.IPv6Address(b"".join(group.to_bytes(2) for group in groups))
)


@given(st.ip_addresses() | SPARSE)
def test_what_looks_canonical_is_canonical(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    for text in (str(address), address.exploded, str(address).upper()):
        if names.is_canonical_address(text):
            assert names.canonical_address(text) == text


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1", "fd00::", "::"])
def test_what_is_plainly_canonical(text: str) -> None:
    assert names.is_canonical_address(text)


@pytest.mark.parametrize("text", ["", "web", "192.0.2.256", "192.0.2.01", "::ffff:192.0.2.1", "fe80::1%eth0", "a\0b"])
def test_what_does_not_look_canonical(text: str) -> None:
    assert not names.is_canonical_address(text)


@pytest.mark.parametrize(
    ("text", "canonical"), [("192.0.2.1", "192.0.2.1"), ("2001:DB8:0:0::1", "2001:db8::1"), ("::", "::")]
)
def test_one_spelling_an_address(text: str, canonical: str) -> None:
    assert names.canonical_address(text) == canonical
    assert names.is_ipv6(canonical) is (":" in text)


@pytest.mark.parametrize("text", ["", "web", "192.0.2", "192.0.2.01", "1.2.3.4/32", "fe80::1%eth0", "192.0.2.1 "])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|zone index"):
        names.canonical_address(text)
