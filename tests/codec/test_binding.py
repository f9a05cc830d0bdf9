"""Service parameters: the vectors of RFC 9460 Appendix D, and what may not be."""

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.codec.binding import Parameters
from dnsd.codec.zonefile_tokens import Cursor, entries


def read(text):
    (entry,) = entries("x " + text, "f")
    cursor = Cursor(entry.tokens, None, 1)
    cursor.word("owner")
    return Parameters().read(cursor)


ECH = "AEn+DQBFKwAgACABWIHUGj4u+PIggYXcR5JF0gYk3dCRioBW8uJq9H4mKAAIAAEAAQABAANAEnB1YmxpYy50bHMtZWNoLmRldgAA"

GOOD = [
    "",
    "port=53",
    "key667=hello",
    r'key667="hello\210qoo"',
    'ipv6hint="2001:db8::1,2001:db8::53:1"',
    "ipv6hint=2001:db8:122:344::192.0.2.33",
    "mandatory=ipv4hint,alpn alpn=h2,h3-19 ipv4hint=192.0.2.1",
    r'alpn="f\\\\oo\\,bar,h2"',
    r"alpn=f\\\092oo\092,bar,h2",
    "alpn=h2 no-default-alpn port=443",
    f"ech={ECH}",
    "alpn=h3 ohttp",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_same_octets_as_dnspython(text):
    assert read(text) == dns.rdata.from_text("IN", "SVCB", f"1 . {text}").to_wire()[3:]


@pytest.mark.parametrize("text", [*GOOD, "dohpath=/q{?dns}", "key65000=\\000\\255"])
def test_what_is_shown_is_read_back(text):
    octets = read(text)
    assert read(Parameters().show(octets)) == octets
    assert Parameters().end(octets, 0) == len(octets)


def test_parameters_stand_in_the_order_of_their_keys():
    assert read("port=53 alpn=h2") == read("alpn=h2 port=53") == b"\0\1\0\3\2h2\0\3\0\2\0\x35"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("port=53 port=53", "port is given twice"),
        ("key3=a port=53", "port is given twice"),
        ("port", "port needs a value"),
        ("port=65536", "port: '65536' is not a number"),
        ("ipv4hint=192.0.2.256", "parameter ipv4hint"),
        ("ipv6hint=1::2::3", "parameter ipv6hint"),
        ("ech=!", "parameter ech"),
        ("alpn=h2,,h3", "1 to 255 octets"),
        ("no-default-alpn=x alpn=h2", "takes no value"),
        ("no-default-alpn", "needs alpn beside it"),
        ("mandatory=port", "mandatory must name other parameters that are there"),
        ("mandatory=mandatory", "mandatory must name other"),
        ("mandatory=port,port port=1", "each once"),
        ("foo=1", "'foo' is no parameter"),
        ("key65535=1", "'key65535' is no parameter"),
        ("key007=1", "'key007' is no parameter"),
    ],
)
def test_wrong_parameters_are_refused(text, what):
    with pytest.raises(ValueError, match=what):
        read(text)


@pytest.mark.parametrize("octets", [b"\0", b"\0\3\0\2\0", b"\0\3\0\2\0\x35\0\1\0\3\2h2", b"\0\3\0\0\0\3\0\0"])
def test_wrong_octets_are_refused(octets):
    with pytest.raises(ValueError, match=r"ends inside|order of their keys"):
        Parameters().end(octets, 0)


@given(st.dictionaries(st.integers(0, 12), st.binary(max_size=12), max_size=4))
def test_whatever_fits_is_shown(values):
    octets = b"".join(
        key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for key, value in sorted(values.items())
    )
    shown = Parameters().show(octets)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown.split(" ")) >= len(values) or not values
