"""Record data: every type we read agrees with dnspython, and what we show is read back."""

import dns.name
import dns.rdata
import dns.rdataclass
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.codec.wire import type_from_text
from dnsd.codec.zonefile_rdata import rdata_to_text, read_rdata
from dnsd.codec.zonefile_tokens import Cursor, entries
from dnsd.model.names import name_from_text

ORIGIN = "example.org."

DATA = {
    "A": ["192.0.2.1"],
    "AAAA": ["2001:db8::1", "::", "::ffff:192.0.2.1"],
    "NS": ["ns1", "ns1.example.net.", "@"],
    "CNAME": ["www"],
    "DNAME": ["example.net."],
    "PTR": ["host"],
    "SOA": ["ns1 host\\.master 4294967295 2h 10m 1w 5m", "ns1 host ( 1 2 3 4 5 )"],
    "MX": ["10 mail", "0 ."],
    "TXT": ['"v=spf1 mx -all"', r'a "b c" "" "\"\\\009" ü', "x" * 255],
    "SPF": ['"v=spf1 -all"'],
    "SRV": ["10 20 8080 www", "0 0 0 ."],
    "HINFO": ['"Generic PC" Linux'],
    "RP": ["me.here about"],
    "AFSDB": ["1 db"],
    "KX": ["10 kx"],
    "NAPTR": [r'100 50 "s" "z3950+N2L+N2C" "!^(.*)$!\\1!" foo', '1 2 "" "" "" .'],
    "DS": [f"12345 8 2 {'abCD ' * 16}"],
    "CDS": [f"12345 8 1 {'0f' * 20}"],
    "DNSKEY": ["257 3 8 AwEA AaH0"],
    "CDNSKEY": ["257 3 8 AwEAAaH0"],
    "DHCID": ["AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="],
    "OPENPGPKEY": ["AwEAAaH0"],
    "SSHFP": [f"4 2 {'12' * 32}"],
    "TLSA": [f"3 1 1 {'00ff' * 16}"],
    "SMIMEA": [f"3 1 1 {'00ff' * 16}"],
    "URI": ['10 1 "ftp://ftp.example.com/public"'],
    "CAA": ['0 issue "letsencrypt.org; x=1"', "128 iodef mailto:x@y", '0 issue ""'],
    "LOC": [
        "37 14 12.094 N 115 48 14.649 W 1381.00m",
        "42 S 71 E -24 30m 0.5m",
        "0 0 0.001 S 180 E 0m 0.00m 9m 90000000.00m",
    ],
    "SVCB": ["0 other", "1 . port=53 dohpath=/q{?dns}"],
    "HTTPS": [
        '1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 mandatory=port,alpn',
        r'16 foo alpn=f\\\\oo\\,bar,h2 key667="hello\210qoo"',
    ],
    "TYPE731": [r"\# 6 abcd ( ef 01 ) 23 45", r"\# 0"],
}
CASES = [(rtype, text) for rtype, texts in DATA.items() for text in texts]


def read(rtype, text):
    (entry,) = entries("x " + text, "f")
    cursor = Cursor(entry.tokens, name_from_text(ORIGIN), 1)
    cursor.word("owner")
    return read_rdata(type_from_text(rtype), cursor)


def on_one_line(text):
    """Their reader of single records knows no parentheses."""
    return text if '"' in text else text.replace("(", "").replace(")", "")


@pytest.mark.parametrize(("rtype", "text"), CASES)
def test_the_same_octets_as_dnspython(rtype, text):
    theirs = dns.rdata.from_text("IN", rtype, on_one_line(text), dns.name.from_text(ORIGIN), relativize=False)
    assert read(rtype, text) == theirs.to_wire()


@pytest.mark.parametrize(("rtype", "text"), CASES)
def test_what_is_shown_is_read_back(rtype, text):
    rdata = read(rtype, text)
    assert read(rtype, rdata_to_text(type_from_text(rtype), rdata)) == rdata


@pytest.mark.parametrize(("rtype", "text"), CASES)
def test_every_type_has_the_form_of_unknown_ones(rtype, text):
    """RFC 3597 5: "an RR of a known type [may] be represented by the generic format"."""
    rdata = read(rtype, text)
    assert read(rtype, rf"\# {len(rdata)} {rdata.hex()}") == rdata


@pytest.mark.parametrize(
    ("rtype", "text", "what"),
    [
        ("A", "192.0.2.256", "'192.0.2.256' is not an IPv4 address"),
        ("A", "192.0.2.01", "is not an IPv4 address"),
        ("A", "192.0.2.1 192.0.2.2", "'192.0.2.2' is too much here"),
        ("A", "", "IPv4 address is missing"),
        ("AAAA", "192.0.2.1", "is not an IPv6 address"),
        ("AAAA", "fe80::1%eth0", "has a zone index"),
        ("MX", "mail", "preference 'mail' is not a number from 0 to 65535"),
        ("MX", "65536 mail", "preference '65536' is not a number from 0 to 65535"),
        ("MX", "-1 mail", "preference '-1' is not a number"),
        ("MX", "1_0 mail", "is not a number"),
        ("MX", "10", "exchange is missing"),
        ("SRV", "0 0 65536 www", "port '65536' is not a number from 0 to 65535"),
        ("SOA", "ns1 host 4294967296 1 1 1 1", "serial '4294967296' is not a number"),
        ("SOA", "ns1 host 1 1x 1 1 1", "refresh: '1x' is not a time"),
        ("TXT", "", "string is missing"),
        ("TXT", "x" * 256, "string of 256 octets, 255 are possible"),
        ("HINFO", "PC", "OS is missing"),
        ("CNAME", "a..b", "empty label"),
        ("CNAME", "x" * 64, "label of 64 octets"),
        ("CNAME", ".".join(["x" * 60] * 5), "name of "),
        ("CNAME", "bücher", r"must be written as \\DDD"),
        ("CNAME", '"www"', "must stand without quotes"),
        ("DS", "1 8 2 abc", "digest is not hexadecimal text"),
        ("DS", "1 8 2", "digest is missing"),
        ("DNSKEY", "257 3 8 Aw!A", "key is not Base 64 text"),
        ("CAA", '0 is-sue "x"', "tag must be letters and digits"),
        ("LOC", "91 N 0 E 0m", "latitude is more than 90 degrees"),
        ("HTTPS", "1 . port=65536", "parameter port: '65536' is not a number"),
        ("TYPE731", "abcd", r"the data of TYPE731 can only be given as octets: TYPE731 \\# LENGTH HEX"),
        ("TYPE731", r"\# 3 abcd", "2 octets of data, but the length says 3"),
        ("TYPE731", r"\# 2 abc", "not an even number"),
        ("TYPE731", r"\# x ab", "'x' is not a length"),
        ("A", r"\# 3 0a0000", "the data ends inside its IPv4 address"),
        ("A", r"\# 5 0a00000001", "1 octets too many"),
        ("CNAME", r"\# 2 c00c", "compression pointer"),
        ("AAAA", r"\# 17 " + "00" * 17, "1 octets too many"),
        ("NSEC", "a A", "can only be given as octets"),
    ],
)
def test_wrong_data_is_refused_with_what_is_wrong(rtype, text, what):
    with pytest.raises(ValueError, match=what):
        read(rtype, text)


@given(st.sampled_from(sorted(DATA)), st.binary(max_size=80))
def test_any_octets_are_shown_and_never_raise(rtype, octets):
    shown = rdata_to_text(type_from_text(rtype), octets)
    is_generic = shown.startswith(r"\# ")
    assert shown == rf"\# {len(octets)} {octets.hex().upper()}".rstrip() if is_generic else read(rtype, shown) == octets


def test_data_that_is_no_such_data_is_shown_as_octets():
    assert rdata_to_text(1, b"\x01\x02") == r"\# 2 0102"
    assert rdata_to_text(65280, b"") == r"\# 0"
