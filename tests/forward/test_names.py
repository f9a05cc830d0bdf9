import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.forward.names import MalformedReply, rdata_of, read_name
from dnsd.model.names import name_from_text

WWW = b"\3www\7example\3com\0"


def test_a_name_is_read_whole_and_through_pointers():
    packet = WWW + b"\4mail\xc0\x04" + b"\xc0\x11"
    assert read_name(packet, 0) == (WWW, 17)
    assert read_name(packet, 17) == (b"\4mail\7example\3com\0", 24)
    assert read_name(packet, 24) == (b"\4mail\7example\3com\0", 26)


@pytest.mark.parametrize(
    ("packet", "at"),
    [
        (b"", 0),
        (b"\3ww", 0),
        (b"\xc0\x00", 0),
        (b"\3www\xc0\x00", 0),
        (b"\0\xc0\x03\xc0\x01", 3),
        (b"\x40abc\0", 0),
        (b"\x80abc\0", 0),
        (b"\xc0", 0),
        ((b"\x3f" + b"a" * 63) * 4 + b"\0", 0),
    ],
)
def test_what_is_no_name_is_malformed(packet, at):
    with pytest.raises(MalformedReply):
        read_name(packet, at)


def test_a_pointer_to_itself_or_forward_ends_at_once():
    chain = b"".join((at + 2 | 0xC000).to_bytes(2) for at in range(0, 400, 2))
    with pytest.raises(MalformedReply, match="back"):
        read_name(chain, 0)
    backwards = b"\0\0" + b"".join((at | 0xC000).to_bytes(2) for at in range(0, 400, 2))
    assert read_name(backwards, 400) == (b"\0", 402)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_octets_are_a_name_or_malformed(packet, at):
    try:
        name, end = read_name(packet, at)
    except MalformedReply:
        return
    assert 0 < len(name) <= 255
    assert name[-1] == 0
    assert at < end <= len(packet)


@pytest.mark.parametrize(
    ("rtype", "text"),
    [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
        ("CNAME", "there.example.com."),
        ("NS", "ns.example.com."),
        ("PTR", "host.example.com."),
        ("DNAME", "new.example.com."),
        ("MX", "10 mail.example.com."),
        ("SRV", "1 2 80 host.example.com."),
        ("SOA", "ns.example.com. host.example.com. 1 2 3 4 5"),
        ("RP", "a.example.com. b.example.com."),
        ("TXT", '"one" "two"'),
        ("CAA", '0 issue "ca.example.com"'),
        ("NAPTR", '1 2 "s" "SIP" "" a.example.com.'),
    ],
)
def test_rdata_is_what_dnspython_makes_of_it_without_compression(rtype, text):
    message = dns.message.make_query("www.example.com.", rtype)
    message.answer.append(dns.rrset.from_text("www.example.com.", 60, "IN", rtype, text))
    packet = message.to_wire()
    start = packet.index(b"\xc0\x0c", 12) + 12
    end = start + int.from_bytes(packet[start - 2 : start])
    assert end == len(packet)
    assert rdata_of(packet, message.answer[0].rdtype, start, end) == message.answer[0][0].to_wire()


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [(1, b"abc"), (28, bytes(4)), (5, WWW + b"x"), (15, b"\0\1" + WWW[:-1]), (6, WWW + WWW + bytes(19)), (33, b"\0")],
)
def test_rdata_that_cannot_be_of_its_type_is_malformed(rtype, rdata):
    with pytest.raises(MalformedReply):
        rdata_of(rdata, rtype, 0, len(rdata))


def test_case_is_kept():
    assert read_name(name_from_text("WwW.Example.COM"), 0)[0] == name_from_text("WwW.Example.COM")
