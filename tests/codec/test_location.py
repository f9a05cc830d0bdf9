"""LOC: exact to the thousandth of a second, as dnspython has it, and shown so that it reads back."""

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.codec.location import Location
from dnsd.codec.zonefile_tokens import Cursor, Token


def read(text):
    cursor = Cursor([Token(word, 1) for word in text.split()], None, 1)
    octets = Location().read(cursor)
    cursor.end()
    return octets


@given(
    st.integers(0, 89), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999), st.sampled_from("NS"),
    st.integers(0, 179), st.sampled_from("EW"), st.integers(-10_000_000, 10_000_000),
)  # fmt: skip
def test_the_same_octets_as_dnspython(degrees, minutes, seconds, thousandths, side, east, other_side, centimetres):
    height = f"{'-' if centimetres < 0 else ''}{abs(centimetres) // 100}.{abs(centimetres) % 100:02}m"
    text = f"{degrees} {minutes} {seconds}.{thousandths:03} {side} {east} {other_side} {height}"
    octets = read(text)
    assert octets[4:12] == dns.rdata.from_text("IN", "LOC", text).to_wire()[4:12]
    assert int.from_bytes(octets[12:], "big") == centimetres + 10_000_000
    assert read(Location().show(octets)) == octets


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("N 0 E 0m", "latitude '' is not degrees"),
        ("90 0 0.001 N 0 E 0m", "latitude is more than 90 degrees"),
        ("0 N 181 E 0m", "longitude is more than 180 degrees"),
        ("0 60 N 0 E 0m", "latitude '0 60' is not degrees"),
        ("0 0 60 N 0 E 0m", "is not degrees"),
        ("0 0 0 0 N 0 E 0m", "at most three numbers"),
        ("٣ N 0 E 0m", "is not degrees"),
        ("0 N 0 E", "altitude is missing"),
        ("0 N 0 E 1km", "altitude '1km' is not metres"),
        ("0 N 0 E -100000.01m", "altitude is not in"),
        ("0 N 0 E 0m -1m", "size is not in"),
        ("0 N 0 E 0m 1m 2m 90000001m", "vertical precision is not in"),
        ("0 N 0 E 0m 1m 2m 3m 4m", "too much"),
    ],
)
def test_what_is_no_place(text, what):
    with pytest.raises(ValueError, match=what):
        read(text)


def test_data_of_another_length_or_version():
    for octets in (bytes(15), b"\1" + bytes(15)):
        with pytest.raises(ValueError, match="16 octets of version 0"):
            Location().end(octets, 0)
    assert Location().end(bytes(16), 0) == 16
