import errno
import os
import socket

import pytest

from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address
from dnsd.server.binding import bind


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_refused_with_its_holder(kind):
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            held.listen()
        address = Address("127.0.0.1", held.getsockname()[1])
        with pytest.raises(InvalidSetting) as caught:
            bind(address, kind, "--dns", is_shared=False)
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    assert str(caught.value).startswith(f"--dns {address}: {protocol} port {address.port} is taken by ")
    assert f"(pid {os.getpid()})" in str(caught.value)


def test_an_address_of_no_interface_is_refused():
    with pytest.raises(
        InvalidSetting, match=r"--dns 192\.0\.2\.77:1053: no interface .* has the address 192\.0\.2\.77"
    ):
        bind(Address("192.0.2.77", 1053), socket.SOCK_DGRAM, "--dns", is_shared=False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EACCES, "port 53 needs CAP_NET_BIND_SERVICE"),
        (errno.EAFNOSUPPORT, "this machine has no IPv6"),
        (errno.ENOBUFS, os.strerror(errno.ENOBUFS)),
    ],
)
def test_every_other_refusal_says_what_would_help(monkeypatch, code, words):
    def refuse(self: socket.socket, address: object) -> None:
        raise OSError(code, "refused by the test")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(InvalidSetting, match=words):
        bind(Address("::1", 53), socket.SOCK_DGRAM, "--dns", is_shared=True)


def test_ipv6_takes_no_ipv4_traffic():
    with bind(Address("::", 0), socket.SOCK_DGRAM, "", is_shared=False) as bound:
        assert bound.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname != "Linux", reason="options of Linux")
@pytest.mark.parametrize(("host", "level", "option"), [("0.0.0.0", 0, 8), ("::", 41, 49)])
def test_a_wildcard_learns_which_address_was_asked(host, level, option):
    with bind(Address(host, 0), socket.SOCK_DGRAM, "", is_shared=False) as bound:
        assert bound.getsockopt(level, option) == 1


def test_a_port_in_time_wait_can_be_bound_again():
    with bind(Address("127.0.0.1", 0), socket.SOCK_STREAM, "", is_shared=False) as listener:
        listener.listen()
        address = Address("127.0.0.1", listener.getsockname()[1])
        client = socket.create_connection((address.host, address.port))
        listener.setblocking(True)
        server, _ = listener.accept()
        server.close()
        assert client.recv(1) == b""
        client.close()
    bind(address, socket.SOCK_STREAM, "", is_shared=False).close()
