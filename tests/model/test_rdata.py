"""Record data, octet for octet as dnspython makes it."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text

WEB = name_from_text("web.example.org")


def _reference(rtype: str, text: str) -> bytes:
    made = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rtype), text)
    return made.to_wire() or b""


@pytest.mark.parametrize(
    ("text", "rtype"),
    [("192.0.2.1", RRType.A), ("2001:db8::1", RRType.AAAA), ("::", RRType.AAAA), ("0.0.0.0", RRType.A)],
)
def test_addresses(text: str, rtype: RRType) -> None:
    assert rdata.address(text) == (rtype, _reference(rtype.name, text))


@pytest.mark.parametrize(
    ("made", "rtype", "text"),
    [
        (rdata.srv(1, 65_535, 8080, WEB), "SRV", "1 65535 8080 web.example.org."),
        (rdata.mx(10, WEB), "MX", "10 web.example.org."),
        (rdata.txt(b"1.1.0"), "TXT", '"1.1.0"'),
        (rdata.txt(b"a b", b""), "TXT", '"a b" ""'),
        (rdata.txt(b"x" * 255), "TXT", f'"{"x" * 255}"'),
        (
            rdata.Soa(WEB, name_from_text("root.example.org"), 7, 1, 2, 3, 4).packed(),
            "SOA",
            "web.example.org. root.example.org. 7 1 2 3 4",
        ),
    ],
)
def test_data_of_a_type(made: bytes, rtype: str, text: str) -> None:
    assert made == _reference(rtype, text)


@pytest.mark.parametrize("strings", [(), (b"x" * 256,)])
def test_txt_needs_strings_of_at_most_255_octets(strings: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="at most 255"):
        rdata.txt(*strings)


def test_a_soa_comes_back_as_it_went_in() -> None:
    soa = rdata.Soa(WEB, name_from_text("host.master"), 4_294_967_295, 1, 2, 3, 4)
    assert rdata.soa_fields(soa.packed()) == soa


def test_the_serial_wraps() -> None:
    # RFC 1982: serial numbers live in 32 bits; revisions do not.
    assert rdata.soa_fields(rdata.Soa(WEB, WEB, 2**32 + 5).packed()).serial == 5


def test_srv_fields_come_back() -> None:
    assert rdata.srv_fields(rdata.srv(1, 2, 3, WEB)) == (1, 2, 3, WEB)


@pytest.mark.parametrize(
    ("rtype", "data", "target"),
    [
        (RRType.NS, WEB, WEB),
        (RRType.MX, rdata.mx(10, WEB), WEB),
        (RRType.SRV, rdata.srv(0, 0, 1, WEB), WEB),
        (RRType.CNAME, WEB, None),
        (RRType.PTR, WEB, None),
        (65_280, b"anything", None),
    ],
)
def test_whose_addresses_go_along(rtype: int, data: bytes, target: bytes | None) -> None:
    assert rdata.target_of(rtype, data) == target
