"""Text that is written is text that is read: every type and every octet."""

import pytest

from dnsd.authority.catalog import Catalog
from dnsd.codec.zonefile import read_zone
from dnsd.codec.zonefile_writer import master_file_lines, zone_file_lines
from dnsd.model.names import name_from_text
from dnsd.model.rrset import Record, RRset
from dnsd.model.service import Service

OWNER = name_from_text("www.example.org")


@pytest.mark.parametrize(
    ("rtype", "rdata", "line"),
    [
        (1, bytes((192, 0, 2, 1)), "www.example.org.\t60\tIN\tA\t192.0.2.1"),
        (16, b'\x04a"b\\\x01 ', 'www.example.org.\t60\tIN\tTXT\t"a\\"b\\\\" " "'),
        (33, b"\0\1\0\2\0\3\3foo\0", "www.example.org.\t60\tIN\tSRV\t1 2 3 foo."),
        (65_400, b"\1\2", "www.example.org.\t60\tIN\tTYPE65400\t\\# 2 0102"),
    ],
)
def test_lines(rtype: int, rdata: bytes, line: str) -> None:
    written = list(master_file_lines([RRset(OWNER, rtype, 60, (Record(rdata),))]))
    assert written == [line]
    apex = "@ 60 SOA ns hostmaster 1 2 3 4 5\n@ 60 NS ns.elsewhere.\n"
    read = read_zone(apex + line, "again.zone", name_from_text("example.org")).data
    assert [record.rdata for rrset in read.rrsets if rrset.owner == OWNER for record in rrset.records] == [rdata]


def test_a_zone_with_a_name_that_owns_nothing() -> None:
    zone = name_from_text("cluster.local")
    catalog = Catalog([zone], [], ["192.0.2.1"])
    catalog.load([Service("default", "idle")], [], 3)
    lines = list(zone_file_lines(catalog.table, zone))
    assert [line for line in lines if line.startswith(";")] == [
        "; cluster.local. as dnsd answers it: what a secondary would hold",
        "; svc.cluster.local. exists without any record, which a master file cannot say",
        "; default.svc.cluster.local. exists without any record, which a master file cannot say",
        "; idle.default.svc.cluster.local. exists without any record, which a master file cannot say",
    ]
    assert lines[4].split("\t")[3] == "SOA"
