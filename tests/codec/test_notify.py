"""NOTIFY messages, read by dnspython."""

import dns.flags
import dns.message
import dns.opcode

from dnsd.authority.catalog import Catalog
from dnsd.codec.notify import acknowledged, notify_packet
from dnsd.model.names import name_from_text

ZONE = name_from_text("cluster.local")


def test_a_notice_and_its_acknowledgement():
    catalog = Catalog([ZONE], [], ["192.0.2.1"])
    catalog.load((), (), 7)
    packet = notify_packet(4711, ZONE, catalog.table.zones[ZONE].soa_answer.section)
    read = dns.message.from_wire(packet)
    assert (read.id, read.opcode(), bool(read.flags & dns.flags.AA)) == (4711, dns.opcode.NOTIFY, True)
    assert (read.question[0].to_text(), read.answer[0][0].serial) == ("cluster.local. IN SOA", 7)
    reply = dns.message.make_response(read)
    reply.set_rcode(9)
    assert acknowledged(reply.to_wire()) == (4711, 9)


def test_the_soa_is_left_out_where_a_signed_message_might_exceed_512_octets():
    for octets, is_there in ((512 - 202 - 12 - 4 - len(ZONE), True), (512 - 202 - 12 - 3 - len(ZONE), False)):
        soa = b"\xc0\x0c\0\x06\0\x01\0\0\0\x05" + (octets - 12).to_bytes(2) + bytes(octets - 12)
        packet = notify_packet(1, ZONE, soa)
        assert (packet[6:8] == b"\0\1", packet.endswith(soa)) == (is_there, is_there)
        assert len(packet) <= 512 - 202


def test_what_is_no_acknowledgement():
    assert acknowledged(b"short") is None
    assert acknowledged(notify_packet(1, ZONE, b"")) is None
    query = dns.message.make_query("cluster.local", "SOA")
    assert acknowledged(dns.message.make_response(query).to_wire()) is None
