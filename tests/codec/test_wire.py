"""The door to dnslib: queries that others read, messages of others read whole, and nothing but our own errors."""

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import dnslib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsd.codec import wire
from dnsd.codec.zonefile_rdata import rdata_to_text
from dnsd.model.errors import MalformedQuery
from dnsd.model.names import name_from_text, name_to_text

RECORDS = """\
www.example.org. 60 IN A 192.0.2.1
www.example.org. 60 IN AAAA 2001:db8::1
alias.example.org. 60 IN CNAME www.example.org.
example.org. 60 IN SOA ns1.example.org. host.example.org. 1 2 3 4 5
example.org. 60 IN NS ns1.example.org.
example.org. 60 IN MX 10 mail.example.org.
_h._tcp.example.org. 60 IN SRV 1 2 80 www.example.org.
x.example.org. 60 IN TXT "a b" "c"
n.example.org. 60 IN NAPTR 1 2 "s" "x" "" www.example.org.
r.example.org. 60 IN RP me.example.org. t.example.org.
c.example.org. 60 IN CAA 0 issue "ca.example.net"
h.example.org. 60 IN HTTPS 1 . alpn="h2"
u.example.org. 60 IN TYPE731 \\# 2 abcd
s.example.org. 60 IN NSEC t.example.org. A RRSIG NSEC
"""


def reply(answer=RECORDS, rcode=dns.rcode.NOERROR, flags=dns.flags.AA):
    """A reply as dnspython writes it, names compressed."""
    query = dns.message.make_query("www.example.org", "A", use_edns=0, payload=1232)
    message = dns.message.make_response(query)
    message.flags |= flags
    message.set_rcode(rcode)
    for line in answer.splitlines():
        owner, ttl, rclass, rtype, data = line.split(" ", 4)
        message.answer.append(dns.rrset.from_text(owner, int(ttl), rclass, rtype, data))
    return message


@pytest.mark.parametrize("payload", [None, 1232])
def test_others_read_our_queries(payload):
    packet = wire.query_packet(
        4711, name_from_text("WWW.example.org"), 33, payload=payload, dnssec_ok=payload is not None
    )
    theirs = dns.message.from_wire(packet)
    (question,) = theirs.question
    assert (theirs.id, str(question.name), question.rdtype, question.rdclass) == (4711, "WWW.example.org.", 33, 1)
    assert theirs.flags == dns.flags.RD
    assert (theirs.edns, theirs.payload) == ((0, 1232) if payload else (-1, 0))
    assert bool(theirs.ednsflags & dns.flags.DO) == (payload is not None)
    assert wire.read_message(packet).questions == (wire.Question(name_from_text("WWW.example.org"), 33, 1),)


def test_a_query_without_recursion_and_the_longest_name():
    name = name_from_text(".".join(["x" * 63] * 3 + ["y" * 61]))
    packet = wire.query_packet(1, name, 255, recursion=False)
    assert len(name) == 255
    assert dns.message.from_wire(packet).flags == 0
    assert wire.read_message(packet).questions[0].qname == name


def test_labels_are_octets_not_text():
    """dnslib sends text through its IDNA codec and takes dots for ends of labels."""
    name = b"\x04a.b\xff\x03ORG\0"
    assert wire.read_message(wire.query_packet(1, name, 1)).questions[0].qname == name


def test_the_records_of_a_reply_with_compressed_names():
    message = wire.read_message(reply().to_wire())
    lines = [
        f"{name_to_text(r.owner)} {r.ttl} IN {wire.type_to_text(r.rtype)} {rdata_to_text(r.rtype, r.rdata)}"
        for r in message.answer
    ]
    expected = RECORDS.replace("abcd", "ABCD").replace('alpn="h2"', "alpn=h2")
    assert lines == expected.splitlines()


def test_the_head_of_a_reply():
    message = wire.read_message(reply(flags=dns.flags.AA | dns.flags.TC, rcode=dns.rcode.NXDOMAIN).to_wire())
    assert (message.rcode, message.opcode, message.flags) == (3, 0, {"qr", "aa", "tc", "rd"})
    assert (message.edns.version, message.edns.dnssec_ok, message.edns.options) == (0, False, ())
    assert message.additional == ()


def test_the_upper_bits_of_the_rcode_and_options():
    packet = bytes.fromhex("12348000000000000000000100002904d0010080000006000a0002abcd")
    message = wire.read_message(packet)
    assert wire.rcode_to_text(message.rcode) == "BADVERS"
    assert message.edns == wire.Edns(1232, 0, True, ((10, b"\xab\xcd"),))


@pytest.mark.parametrize(
    ("packet", "what"),
    [
        (b"", "DNSHeader"),
        (b"\0" * 11, "DNSHeader"),
        (bytes.fromhex("000080000001000000000000"), "ends too early"),
        (bytes.fromhex("000080000001000000000000c00c00010001"), "pointer"),
        (bytes.fromhex("000080000001000000000000c00e0001000100"), "pointer"),
        (bytes.fromhex("000080000001000000000000410000010001"), "label of type 0x1"),
        (bytes.fromhex("000080000000000000000000") + b"x", "1 octets behind the message"),
        (bytes.fromhex("000080000000000100000000000001000100000005000400"), "ends inside a record"),
        (bytes.fromhex("00008000000000010000000000000100010000000500050000000000"), "does not fit its length"),
        (bytes.fromhex("000080000000000000000002000029020000000000000000002902000000000000 00"), "more than one OPT"),
        (bytes.fromhex("000080000001000000000000") + (b"\x3f" + b"x" * 63) * 5 + bytes(5), "longer than 255"),
    ],
)
def test_what_cannot_be_read_is_our_error(packet, what):
    with pytest.raises(MalformedQuery, match=what):
        wire.read_message(packet)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=8), st.integers(0, 700))
def test_damaged_messages_are_read_or_refused_and_always_shown(damages, length):
    packet = bytearray(reply().to_wire())
    for at, octet in damages:
        packet[at % len(packet)] = octet
    try:
        message = wire.read_message(bytes(packet[:length]) if length < 600 else bytes(packet))
    except MalformedQuery:
        return
    for record in (*message.answer, *message.authority, *message.additional):
        assert rdata_to_text(record.rtype, record.rdata).isprintable()
        assert wire.type_to_text(record.rtype)


@given(st.binary(max_size=120))
def test_any_octets_are_read_or_refused(packet):
    try:
        message = wire.read_message(packet)
    except MalformedQuery:
        return
    assert len(message.questions) <= len(packet)


def chained(pointers):
    """A record whose owner is found through so many pointers, each to the one before, the first to the question."""
    chain = b"".join(
        ((0xC000 | 12) if n == 0 else 0xC000 | 28 + 2 * (n - 1)).to_bytes(2, "big") for n in range(pointers - 1)
    )
    head = (
        bytes.fromhex("0000800000010002000000000000010001")
        + bytes.fromhex("00ff00000100000000")
        + len(chain).to_bytes(2, "big")
    )
    last = (0xC000 | 28 + 2 * (pointers - 2)).to_bytes(2, "big")
    return head + chain + last + bytes.fromhex("000100010000000000040a000001")


def test_a_chain_of_pointers_is_followed_only_so_far():
    assert wire.read_message(chained(100)).answer[1].owner == b"\0"
    with pytest.raises(MalformedQuery, match="pointer"):
        wire.read_message(chained(200))


@pytest.mark.parametrize(
    ("text", "number"), [("a", 1), ("Srv", 33), ("TYPE731", 731), ("type1", 1), ("SMIMEA", 53), ("HIP", 55)]
)
def test_types_by_name_and_number(text, number):
    assert wire.type_from_text(text) == number


@pytest.mark.parametrize("text", ["", "FOO", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYPE١", "1"])
def test_what_is_no_type(text):
    with pytest.raises(ValueError, match="is not a record type"):
        wire.type_from_text(text)


def test_names_of_codes():
    assert [wire.rcode_to_text(code) for code in (0, 3, 5, 9, 12, 16)] == [
        "NOERROR",
        "NXDOMAIN",
        "REFUSED",
        "NOTAUTH",
        "RCODE12",
        "BADVERS",
    ]
    assert [wire.class_to_text(code) for code in (1, 3, 254, 7)] == ["IN", "CH", "NONE", "CLASS7"]
    assert [wire.opcode_to_text(code) for code in (0, 4, 5, 9)] == ["QUERY", "NOTIFY", "UPDATE", "OPCODE9"]
    assert wire.type_to_text(731) == "TYPE731"


def test_data_that_only_dnslib_can_show():
    nsec = b"\1t\0\0\6\x40\0\0\0\0\3"
    assert wire.special_to_text(47, nsec) == "t. A RRSIG NSEC"
    assert wire.special_to_text(47, b"\xff") is None
    assert wire.special_to_text(1, b"\1\2\3\4") is None


def test_nothing_of_dnslib_leaves():
    message = wire.read_message(reply().to_wire())
    values = [message, message.edns, *message.questions, *message.answer]
    inside = [getattr(value, name) for value in values for name in value.__dataclass_fields__]
    assert not [value for value in inside if type(value).__module__.startswith("dnslib")]
    assert dnslib.__name__ == "dnslib"
