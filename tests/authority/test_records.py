"""Nodes taken apart into records."""

from dnsd.authority.catalog import Catalog
from dnsd.authority.records import glue_of, node_records, owner_of, split
from dnsd.codec.zonefile import read_zone
from dnsd.model.names import name_from_text

ORIGIN = name_from_text("example.org")
TEXT = "$TTL 60\n@ SOA ns host 7 1 1 1 1\n@ NS ns\nns A 192.0.2.1\nns A 192.0.2.2\nsub NS ns.sub\nns.sub A 192.0.2.3\n"


def test_records_have_their_owners_written_out():
    catalog = Catalog([name_from_text("cluster.local")], [], ["192.0.2.1"])
    catalog.set_static([read_zone(TEXT, "example.org.zone", ORIGIN).data])
    catalog.load((), (), 1)
    nodes = catalog.table.nodes
    server, cut = name_from_text("ns.example.org"), name_from_text("sub.example.org")
    tail = b"\0\1\0\1\0\0\0\x3c\0\4"
    assert node_records(server, nodes[server]) == [server + tail + bytes((192, 0, 2, each)) for each in (1, 2)]
    assert [owner_of(record) for record in node_records(cut, nodes[cut])] == [cut]
    glue = list(glue_of(nodes[cut]))
    assert glue == [name_from_text("ns.sub.example.org") + tail + bytes((192, 0, 2, 3))]
    assert split(b"".join(glue) * 2) == glue * 2
    assert list(glue_of(nodes[server])) == []
