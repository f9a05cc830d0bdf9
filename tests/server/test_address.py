import socket

import pytest

from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port", "family", "is_wildcard"),
    [
        ("127.0.0.1:1053", "127.0.0.1", 1053, socket.AF_INET, False),
        ("0.0.0.0:53", "0.0.0.0", 53, socket.AF_INET, True),
        ("[::1]:65535", "::1", 65535, socket.AF_INET6, False),
        ("[2001:DB8:0::1]:53", "2001:db8::1", 53, socket.AF_INET6, False),
        ("[::]:0", "::", 0, socket.AF_INET6, True),
        (" 192.0.2.1:1 ", "192.0.2.1", 1, socket.AF_INET, False),
    ],
)
def test_an_address_is_read_in_canonical_form(text, host, port, family, is_wildcard):
    address = parse_address(text)
    assert (address.host, address.port, address.family, address.is_wildcard) == (host, port, family, is_wildcard)


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "53", ":53", "localhost:53", "::1:53", "[127.0.0.1]:53", "[::1]", "1.2.3:53"]
)
def test_what_is_no_address_is_refused_with_its_setting_and_an_example(text):
    with pytest.raises(InvalidSetting, match=r"--listen .*must be ADDR:PORT, such as 127\.0\.0\.1:53") as caught:
        parse_address(text, "--listen")
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("port", ["", "x", "-1", "65536", "99999999", "٥٣", "5 3"])
def test_a_port_is_a_number_within_its_range(port):
    with pytest.raises(InvalidSetting, match="the port must be a number from 1 to 65535"):
        parse_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize("text", ["127.0.0.1:53", "[::1]:53"])
def test_an_address_prints_as_it_is_written(text):
    assert str(parse_address(text)) == text
    assert parse_address(text) == Address(*{"1": ("127.0.0.1", 53), "[": ("::1", 53)}[text[0]])
