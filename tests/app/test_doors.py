import socket

import pytest

from dnsd.app import doors
from dnsd.app.doors import advertised, open_doors
from dnsd.config import load
from dnsd.model.errors import InvalidSetting


def test_every_address_is_bound_and_told():
    opened = open_doors(load({"dns": ["127.0.0.1:0", "127.0.0.2:0"], "admin": "127.0.0.1:0"}, {}))
    try:
        assert [address.host for address in opened.addresses] == ["127.0.0.1", "127.0.0.2"]
        assert all(address.port for address in (*opened.addresses, opened.admin_address))
        with pytest.raises(InvalidSetting, match="is taken by"):
            open_doors(load({"dns": ["127.0.0.1:0"], "admin": str(opened.admin_address)}, {}))
    finally:
        opened.close()
    again = open_doors(load({"dns": [str(opened.addresses[0])], "admin": str(opened.admin_address)}, {}))
    again.close()


def test_what_was_bound_is_given_back_when_the_rest_is_taken():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        dns = open_doors(load({"dns": ["127.0.0.1:0"], "admin": "127.0.0.1:0"}, {}))
        address = str(dns.addresses[0])
        dns.close()
        with pytest.raises(InvalidSetting, match="admin"):
            open_doors(load({"dns": [address], "admin": f"127.0.0.1:{holder.getsockname()[1]}"}, {}))
    open_doors(load({"dns": [address], "admin": "127.0.0.1:0"}, {})).close()


def test_what_is_advertised_is_what_was_set_or_where_dns_is():
    assert advertised(load({"advertise": ["192.0.2.53"]}, {})) == ("192.0.2.53",)
    assert advertised(load({"dns": ["127.0.0.1:53", "[::1]:53", "127.0.0.1:54"]}, {})) == ("127.0.0.1", "::1")


def test_behind_an_unspecified_address_our_own_is_advertised(monkeypatch):
    own = {socket.AF_INET: "192.0.2.7", socket.AF_INET6: ""}
    monkeypatch.setattr(doors, "_own_address", own.get)
    assert advertised(load({"dns": ["0.0.0.0:53", "[::]:53"]}, {})) == ("192.0.2.7",)


def test_our_own_address_is_one_of_ours_or_none():
    address = doors._own_address(socket.AF_INET)
    if address:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.bind((address, 0))
    assert doors._own_address(socket.AF_INET) == address
