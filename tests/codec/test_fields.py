"""Fields by themselves: where each ends, and what does not fit."""

import pytest

from dnsd.codec.fields import Address, Digits, HostName, Number, Seconds, String, Strings, Text
from dnsd.codec.zonefile_tokens import Cursor, entries
from dnsd.model.names import name_from_text


def read(field, text):
    (entry,) = entries("x " + text, "f")
    cursor = Cursor(entry.tokens, name_from_text("example.org"), 1)
    cursor.word("owner")
    octets = field.read(cursor)
    cursor.end()
    return octets


@pytest.mark.parametrize(
    ("field", "text", "octets"),
    [
        (Number("n", 1), "255", b"\xff"),
        (Number("n", 2), "00010", b"\0\x0a"),
        (Number("n", 4), "4294967295", b"\xff\xff\xff\xff"),
        (Seconds("t"), "1h", b"\0\0\x0e\x10"),
        (HostName("h"), "www", b"\3www\7example\3org\0"),
        (HostName("h"), ".", b"\0"),
        (Address("IPv4 address", 4), "192.0.2.1", b"\xc0\0\2\1"),
        (String("s"), '"a b"', b"\3a b"),
        (String("s"), '""', b"\0"),
        (Strings("s"), 'a "b c" ""', b"\1a\3b c\0"),
        (Text("t"), '"a b"', b"a b"),
        (Digits("d", 16), "AB c d", b"\xab\xcd"),
        (Digits("d", 64), "AwEA AaH0", b"\x03\x01\x00\x01\xa1\xf4"),
    ],
)
def test_text_to_octets_to_their_end(field, text, octets):
    assert read(field, text) == octets
    assert field.end(b"" + octets, 0) == len(octets)
    assert read(field, field.show(octets)) == octets


@pytest.mark.parametrize(
    ("field", "rdata"),
    [
        (Number("n", 2), b"\0"),
        (Seconds("t"), b"\0\0\0"),
        (HostName("h"), b"\3ww"),
        (HostName("h"), b"\3www"),
        (HostName("h"), b"\xc0\x0c"),
        (HostName("h"), b"\x40"),
        (HostName("h"), (b"\x3f" + b"x" * 63) * 4 + b"\0"),
        (Address("IPv6 address", 16), bytes(15)),
        (String("s"), b"\3ab"),
        (String("s"), b""),
        (Strings("s"), b"\1a\2b"),
        (Digits("d", 16), b""),
    ],
)
def test_octets_that_do_not_fit(field, rdata):
    with pytest.raises(ValueError, match=r"ends inside|label of|longer than|is empty"):
        field.end(rdata, 0)


def test_a_tag_is_one_bare_word_of_letters_and_digits():
    """RFC 8659 4.1: "Property Tags MUST NOT contain any other characters"."""
    tag = String("tag", is_bare=True)
    assert tag.show(b"\5issue") == "issue"
    for wrong in (b"\0", b"\3a b", b"\1\xff"):
        with pytest.raises(ValueError, match="letters and digits"):
            tag.end(wrong, 0)
