"""The table of record types: every type has a name, and data is cut and folded by it."""

import pytest

from dnsd.codec.record_types import SHAPES, folded, names_in, split
from dnsd.codec.wire import type_from_text, type_to_text
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text

SOA = rdata.Soa(name_from_text("NS.example"), name_from_text("Host.example"), 7).packed()


@pytest.mark.parametrize("rtype", SHAPES)
def test_every_type_has_a_name(rtype):
    name = type_to_text(rtype)
    assert not name.startswith("TYPE")
    assert type_from_text(name.lower()) == rtype


def test_data_is_cut_into_its_fields():
    data = rdata.srv(1, 2, 3, name_from_text("www.example"))
    assert [field.what for field, _ in split(RRType.SRV, data)] == ["priority", "weight", "port", "target"]
    assert [part for _, part in split(RRType.SRV, data)] == [b"\0\1", b"\0\2", b"\0\3", b"\3www\7example\0"]


@pytest.mark.parametrize("octets", [b"", b"\0\1\0\2\0\3", b"\0\1\0\2\0\3\0\0"])
def test_data_that_does_not_fit(octets):
    with pytest.raises(ValueError, match=r"ends inside its|octets too many"):
        split(RRType.SRV, octets)


@pytest.mark.parametrize(
    ("rtype", "data", "expected"),
    [
        (RRType.CNAME, b"\3WwW\0", b"\3www\0"),
        (RRType.MX, b"AB\3WwW\0", b"AB\3www\0"),
        (RRType.TXT, b"\1A", b"\1A"),
        (RRType.SOA, SOA, SOA[:-20].lower() + SOA[-20:]),
        (65280, b"AB", b"AB"),
    ],
)
def test_names_alone_are_folded(rtype, data, expected):
    assert folded(rtype, data) == expected


def test_the_names_in_data():
    assert names_in(RRType.SOA, SOA) == [name_from_text("NS.example"), name_from_text("Host.example")]
    assert names_in(RRType.A, b"\1\2\3\4") == []
