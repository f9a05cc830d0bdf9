"""What one more record can break: one TTL, one alias, one SOA, no duplicates."""

import pytest

from dnsd.codec.zonefile import InvalidZone
from dnsd.codec.zonefile_rrsets import Gathering, Place
from dnsd.model.names import name_from_text


def fault_of(zone_of, body):
    with pytest.raises(InvalidZone) as wrong:
        zone_of(body)
    return str(wrong.value)


def test_duplicates_are_one_record_whatever_the_case_of_their_names(records_of):
    """RFC 2181 5: two records with the same label, class, type and data are meaningless."""
    assert records_of("a CNAME b\nA CNAME B\nm MX 1 x\nm MX 1 X\nm MX 2 x\nt TXT x\nt TXT X\n") == [
        "a 3600 5 b.example.org.",
        "m 3600 15 1 x.example.org.",
        "m 3600 15 2 x.example.org.",
        't 3600 16 "x"',
        't 3600 16 "X"',
    ]


def test_an_rrset_has_one_ttl_the_lowest(zone_of, records_of):
    """RFC 2181 5.2: "the TTLs of all RRs in an RRSet must be the same"."""
    body = "www 30 A 192.0.2.2\nwww 20 A 192.0.2.3\nwww 40 A 192.0.2.4\nwww 50 AAAA ::1\n"
    assert {line.split()[1] for line in records_of(body) if " 1 " in line} == {"20"}
    assert [warning.split(";")[0] for warning in zone_of(body).warnings] == [
        "f:6: TTL 20 differs from 30 of the other A records at www.example.org.",
        "f:7: TTL 40 differs from 20 of the other A records at www.example.org.",
    ]


@pytest.mark.parametrize(
    "body", ["a CNAME b\na TXT x\n", "a TXT x\na CNAME b\n", "a A 192.0.2.2\na TXT x\nA CNAME b\n"]
)
def test_an_alias_has_no_other_data(zone_of, body):
    """RFC 1034 3.6.2: "If a CNAME RR is present at a node, no other data should be present"."""
    assert fault_of(zone_of, body).endswith("at a.example.org.: an alias has no other data (RFC 1034 3.6.2)")


def test_no_alias_at_the_apex(zone_of):
    assert fault_of(zone_of, "@ CNAME b\n").startswith("f:5: CNAME and NS at example.org.")


def test_signatures_may_stand_beside_an_alias(records_of):
    """RFC 4034 3 and 4: RRSIG and NSEC are the exceptions."""
    assert len(records_of("a CNAME b\na TYPE46 \\# 1 00\na TYPE47 \\# 1 00\nc TYPE47 \\# 1 00\nc CNAME b\n")) == 5


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("a CNAME b\na CNAME c\n", "f:6: a second CNAME at a.example.org.; the first is in line 5 (RFC 2181 10.1)"),
        ("a DNAME b\na DNAME c\n", "f:6: a second DNAME at a.example.org.; the first is in line 5 (RFC 6672 2.4)"),
        ("@ SOA ns1 host 2 2h 3h 4w 5m\n", "f:5: a second SOA at example.org.; the first is in line 2 (RFC 1035 5.2)"),
    ],
)
def test_of_some_types_there_is_only_one(zone_of, body, what):
    assert fault_of(zone_of, body) == what


def test_records_stand_in_the_order_of_the_file():
    gathering = Gathering()
    owner = name_from_text("WWW.example.org")
    for number in (3, 1, 2):
        gathering.add(owner, 1, 60, bytes((192, 0, 2, number)), Place("f", number))
    (rrset,) = gathering.rrsets.values()
    assert [rdata[3] for rdata in rrset.rdatas.values()] == [3, 1, 2]
    assert (rrset.owner, rrset.place.line) == (name_from_text("www.example.org"), 3)
