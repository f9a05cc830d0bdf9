"""OPT records read and written (RFC 6891)."""

import dns.edns
import dns.message
import pytest

from dnsd.answer.edns import DO, OPT_OCTETS, Edns, extended_error, opt_octets, option_octets, padded, read_edns
from dnsd.model.errors import MalformedQuery
from dnsd.model.message import ExtendedError

CLIENT, SERVER = b"clientck", b"servercookie0123"


def option(code: int, content: bytes) -> bytes:
    return code.to_bytes(2) + len(content).to_bytes(2) + content


@pytest.mark.parametrize(
    ("ttl", "rdata", "edns"),
    [
        (0, b"", Edns(1232, 0, is_do=False)),
        (DO, b"", Edns(1232, 0, is_do=True)),
        # RFC 6891 6.1.4: flags beside DO are ignored.
        (0x7FFF, b"", Edns(1232, 0, is_do=False)),
        # RFC 6891 6.1.2: "Any OPTION-CODE values not understood by a responder ... MUST be ignored."
        (0, option(3, b"") + option(65_001, b"xyz"), Edns(1232, 0, is_do=False)),
        (0, option(10, CLIENT), Edns(1232, 0, is_do=False, cookie=CLIENT)),
        (0, option(12, bytes(7)), Edns(1232, 0, is_do=False, is_padded=True)),
        (0, option(8, b"abc") + option(10, CLIENT + SERVER), Edns(1232, 0, is_do=False, cookie=CLIENT + SERVER)),
        (0, option(10, CLIENT + bytes(8)), Edns(1232, 0, is_do=False, cookie=CLIENT + bytes(8))),
        (0, option(10, CLIENT + bytes(32)), Edns(1232, 0, is_do=False, cookie=CLIENT + bytes(32))),
        # RFC 7873 5.2: of several COOKIE options all but the first are ignored.
        (0, option(10, CLIENT) + option(10, b"x"), Edns(1232, 0, is_do=False, cookie=CLIENT)),
        # RFC 6891 6.1.3: a higher version is answered BADVERS, whatever its options look like to us.
        (1 << 16 | DO, b"\0", Edns(1232, 1, is_do=True)),
        (255 << 16, option(10, b"x"), Edns(1232, 255, is_do=False)),
    ],
)
def test_an_opt_that_can_be_read(ttl: int, rdata: bytes, edns: Edns) -> None:
    assert read_edns(1232, ttl, rdata) == edns


@pytest.mark.parametrize(
    ("rdata", "reason"),
    [
        (b"\0", "cut short"),
        (b"\0\3\0", "cut short"),
        (option(3, b"") + b"\0\3\0", "cut short"),
        (b"\0\3\0\1", "longer than its OPT"),
        (option(3, b"") + b"\0\3\0\2x", "longer than its OPT"),
        *((option(10, bytes(length)), "cookie of a length") for length in (0, 7, 9, 15, 41)),
    ],
)
def test_an_opt_that_cannot_be_read(rdata: bytes, reason: str) -> None:
    with pytest.raises(MalformedQuery, match=reason):
        read_edns(1232, 0, rdata)


def parsed(opt: bytes) -> dns.message.Message:
    return dns.message.from_wire(b"ab\x80\0\0\0\0\0\0\0\0\1" + opt)


@pytest.mark.parametrize(("is_do", "flags"), [(False, 0), (True, DO)])
def test_an_opt_of_ours(is_do: bool, flags: int) -> None:
    opt = opt_octets(4096, is_do)
    message = parsed(opt)
    assert (message.edns, message.payload, message.ednsflags, message.options) == (0, 4096, flags, ())
    assert len(opt) == OPT_OCTETS


def test_the_high_bits_of_a_response_code() -> None:
    assert parsed(opt_octets(512, is_do=False, rcode=16)).rcode() == 16


def test_options_of_ours() -> None:
    told = option_octets(3, b"name") + extended_error(ExtendedError.NOT_READY, "not loaded")
    nsid, error = parsed(opt_octets(512, False, told)).options
    assert (nsid.otype, nsid.nsid) == (dns.edns.OptionType.NSID, b"name")
    assert (error.code, error.text) == (dns.edns.EDECode.NOT_READY, "not loaded")
    assert extended_error(ExtendedError.OTHER) == option(15, b"\0\0")


@pytest.mark.parametrize(
    ("octets", "limit", "length"),
    [(100, 65_535, 468), (464, 65_535, 468), (465, 65_535, 936), (100, 300, 300), (297, 300, 297), (296, 300, 300)],
)
@pytest.mark.parametrize("options", [b"", option(10, CLIENT + SERVER)])
def test_padding(octets: int, limit: int, length: int, options: bytes) -> None:
    """RFC 8467 4.1: a multiple of 468; RFC 7830 4: never above the limit."""
    opt = opt_octets(1232, True, options)
    reply = bytes(octets - len(opt)) + opt
    longer = padded(reply, opt, limit)
    assert (len(longer), longer[: octets - len(opt)]) == (length, reply[: -len(opt)])
    added = b"" if length == octets else option(12, bytes(length - octets - 4))
    assert longer[octets - len(opt) :] == opt_octets(1232, True, options + added)
