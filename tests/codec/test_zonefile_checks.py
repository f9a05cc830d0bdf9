"""The zone as a whole: what no server loads, and what is hardly meant."""

import pytest

from dnsd.codec.zonefile import InvalidZone, read_zone
from dnsd.model.names import name_from_text

ORIGIN = name_from_text("example.org")
HEAD = "$TTL 60\n@ SOA ns1 host 1 2h 3h 4w 5m\n@ NS ns1\nns1 A 192.0.2.1\n"


def faults_of(text, origin=ORIGIN):
    with pytest.raises(InvalidZone) as wrong:
        read_zone(text, "f", origin)
    return [str(fault) for fault in wrong.value.faults]


def warnings_of(body):
    return list(read_zone(HEAD + body, "f", ORIGIN).warnings)


def test_a_good_zone_has_no_warnings():
    assert (
        warnings_of(
            "@ MX 10 mail\nmail A 192.0.2.2\n_x._tcp SRV 0 0 1 mail\nwww CNAME mail\nout CNAME www.example.net.\n"
        )
        == []
    )


@pytest.mark.parametrize("text", ["", "; nothing\n", "$TTL 60\nwww A 192.0.2.1\n"])
def test_a_zone_has_an_soa(text):
    assert faults_of(text) == ["f:1: no SOA record: a zone has exactly one, at its apex (RFC 1035 5.2)"]


def test_the_soa_stands_at_the_name_of_the_zone():
    assert faults_of(HEAD.replace("@", "sub")) == ["f:2: SOA at sub.example.org., but the zone is example.org."]


def test_without_an_origin_the_soa_says_what_the_zone_is():
    text = HEAD.replace("$TTL 60", "$TTL 60\n$ORIGIN example.net.")
    assert read_zone(text, "f", None).data.origin == name_from_text("example.net")
    both = text + "other SOA ns1 host 1 2h 3h 4w 5m\n"
    assert faults_of(both, None) == ["f:6: SOA at other.example.net., but the zone is example.net."]


def test_a_zone_has_a_name_server_at_its_apex():
    text = "$TTL 60\n@ SOA ns1 host 1 2h 3h 4w 5m\nsub NS ns1\n"
    assert faults_of(text) == ["f:2: no NS record at the apex example.org. (RFC 1035 5.2)"]


def test_every_owner_outside_the_zone_is_told():
    assert faults_of(
        HEAD + "www.example.net. A 192.0.2.2\nx A 192.0.2.3\norg. A 192.0.2.4\nxexample.org. A 192.0.2.5\n"
    ) == [
        "f:5: www.example.net. is outside the zone example.org.",
        "f:7: org. is outside the zone example.org.",
        "f:8: xexample.org. is outside the zone example.org.",
    ]


def test_nothing_stands_below_a_dname():
    """RFC 6672 2.4: "resource records MUST NOT exist at any subdomain of the owner of a DNAME RR"."""
    assert faults_of(HEAD + "old DNAME new\nold A 192.0.2.2\na.b.old A 192.0.2.3\nbold A 192.0.2.4\n") == [
        "f:7: a.b.old.example.org. lies below the DNAME of old.example.org. (RFC 6672 2.4)"
    ]


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ("@ NS ns2\n", "f:3: NS target ns2.example.org. has no address in this zone"),
        ("@ MX 1 mail\n", "f:5: MX target mail.example.org. has no address in this zone"),
        ("_a._tcp SRV 0 0 1 t\n", "f:5: SRV target t.example.org. has no address in this zone"),
        (
            "@ MX 1 www.example.org\n",
            "f:5: MX target www.example.org.example.org. has no address in this zone; is its final dot missing?",
        ),
        (
            "a CNAME www.example.org\n",
            "f:5: CNAME target www.example.org.example.org. is not in this zone; is its final dot missing?",
        ),
        (
            "@ MX 1 mail\nmail CNAME ns1\n",
            "f:5: MX target mail.example.org. is an alias; it must be a name with addresses (RFC 2181 10.3)",
        ),
        ("a CNAME a\n", "f:5: CNAME target a.example.org. leads back to itself"),
        ("@ MX 1 x.sub\n*.sub TXT x\n", "f:5: MX target x.sub.example.org. has no address in this zone"),
        ("sub NS ns.sub\n", "f:5: NS target ns.sub.example.org. has no address in this zone"),
        (
            "sub NS ns1\nx.sub TXT x\n",
            "f:6: TXT of x.sub.example.org. is never answered: sub.example.org. is delegated",
        ),
        ("sub NS ns1\nsub TXT x\n", "f:6: TXT of sub.example.org. is never answered: sub.example.org. is delegated"),
    ],
)
def test_what_is_odd_is_told_and_served(body, warning):
    assert warnings_of(body) == [warning]


@pytest.mark.parametrize(
    "body",
    [
        "@ NS ns.example.net.\n",
        "@ MX 0 .\n",
        "_a._tcp SRV 0 0 0 .\n",
        "@ MX 1 x.sub\n*.sub A 192.0.2.2\n",
        "sub NS ns.sub\nns.sub A 192.0.2.2\n",
        "sub NS ns.elsewhere.\nsub TYPE43 \\# 5 0001080201\n@ MX 1 mail.sub\n",
        "@ MX 1 six\nsix AAAA 2001:db8::1\n",
        "a CNAME b.sub\n*.sub CNAME ns1\n",
    ],
)
def test_what_is_all_right_is_not_told(body):
    assert warnings_of(body) == []


def test_a_circle_of_aliases_is_told_at_each():
    assert warnings_of("a CNAME b\nb CNAME c\nc CNAME b\n") == [
        "f:5: CNAME target b.example.org. leads back to itself",
        "f:6: CNAME target c.example.org. leads back to itself",
        "f:7: CNAME target b.example.org. leads back to itself",
    ]


def test_the_root_can_be_a_zone():
    text = "$TTL 60\n. SOA ns1. host. 1 2h 3h 4w 5m\n. NS ns1.\nns1. A 192.0.2.1\nx. CNAME ns1.\n"
    assert read_zone(text, "f", b"\0").warnings == ()
