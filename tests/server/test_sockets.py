import errno
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from faults.loopback import own_loopback
from room import lacking

from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address
from dnsd.server.sockets import DnsSocket, adopt, reserve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a bound port can be held closed on Linux only")

BINDS = [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.5"), ("::1", "::1"), ("::", "::1")]


@pytest.fixture
def make():
    with ExitStack() as stack:

        def reserved(host: str, workers: int = 1) -> DnsSocket:
            [made] = reserve([Address(host, 0)], workers)
            stack.callback(made.close)
            return made

        yield reserved


def _ask_udp(host: str, port: int) -> str:
    """What a client sees within 0.2 s: "refused" (ICMP port unreachable) or "silence"."""
    with socket.socket(Address(host, port).family, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((host, port))
        client.send(b"question")
        try:
            client.recv(100)
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silence"
    return "answered"


def _can_connect(host: str, port: int) -> bool:
    """True when a connection is taken and not ended at once."""
    try:
        with socket.create_connection((host, port), timeout=0.05) as client:
            return client.recv(1) != b""
    except ConnectionRefusedError:
        return False
    except TimeoutError:
        return True


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("host", "asked"), BINDS)
def test_a_reserved_port_is_closed_to_clients_until_traffic_is_opened(make, host, asked, workers):
    reserved = make(host, workers)
    port = reserved.address.port
    assert _ask_udp(asked, port) == "refused"
    assert not _can_connect(asked, port)

    reserved.open_traffic()
    assert _ask_udp(asked, port) == "silence"
    assert reserved.udp.recv(100) == b"question"
    assert _can_connect(asked, port)

    reserved.stop_listening()
    assert not _can_connect(asked, port)
    assert _ask_udp(asked, port) == "silence"
    reserved.close_traffic()
    reserved.close_traffic()
    assert _ask_udp(asked, port) == "refused"
    assert not _can_connect(asked, port)

    reserved.open_traffic()
    reserved.open_traffic()
    assert _ask_udp(asked, port) == "silence"
    assert _can_connect(asked, port)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("host", "asked"), BINDS)
def test_an_open_port_takes_packets_from_every_address(make, host, asked, workers):
    """An IPv6 socket that was once held closed took them from its own address alone, and refused all the world."""
    with own_loopback() as is_own:
        if not is_own:
            lacking("root, for addresses of one's own")
        is_ipv6 = ":" in host
        others = ["2001:db8::7/128", "fd00::7/128"] if is_ipv6 else ["198.51.100.7/32"]
        for other in others:
            subprocess.run(["ip", "address", "add", other, "dev", "lo", *(["nodad"] if is_ipv6 else [])], check=True)
        reserved = make(host, workers)
        for _ in range(2):
            reserved.open_traffic()
            reserved.udp.settimeout(5)
            for other in others:
                with socket.socket(reserved.address.family, socket.SOCK_DGRAM) as client:
                    client.bind((other.partition("/")[0], 0))
                    client.sendto(b"question", (asked, reserved.address.port))
                    assert reserved.udp.recvfrom(100)[1][:2] == client.getsockname()[:2]
            reserved.close_traffic()
            assert _ask_udp(asked, reserved.address.port) == "refused"


@pytest.mark.parametrize(("host", "asked"), BINDS)
def test_several_workers_share_the_clients(make, host, asked):
    reserved = make(host, 3)
    with ExitStack() as stack:
        workers = adopt([tuple(os.dup(descriptor) for descriptor in reserved.descriptors) for _ in range(3)], 3)
        for worker in workers:
            stack.callback(worker.close)
            worker.open_traffic()
        for _ in range(90):
            client = stack.enter_context(socket.socket(reserved.address.family, socket.SOCK_DGRAM))
            client.connect((asked, reserved.address.port))
            client.send(b"q")
        shares = [_drain(worker.udp) for worker in workers]
        assert sum(shares) == 90
        assert min(shares) > 5


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_what_comes_for_a_lost_worker_goes_to_the_others(make, host):
    reserved = make(host, 2)
    first, second = adopt([tuple(os.dup(descriptor) for descriptor in reserved.descriptors) for _ in range(2)], 2)
    with ExitStack() as stack:
        stack.callback(second.close)
        first.open_traffic()
        second.open_traffic()
        first.close()
        for _ in range(40):
            client = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            client.connect(("127.0.0.1", reserved.address.port))
            client.send(b"q")
        assert _drain(second.udp) == 40


def test_what_comes_while_the_only_worker_restarts_waits_for_it(make):
    reserved = make("127.0.0.1")
    [worker] = adopt([tuple(os.dup(descriptor) for descriptor in reserved.descriptors)], 1)
    worker.open_traffic()
    worker.close()
    assert _ask_udp("127.0.0.1", reserved.address.port) == "silence"
    [heir] = adopt([tuple(os.dup(descriptor) for descriptor in reserved.descriptors)], 1)
    heir.open_traffic()
    assert heir.address == reserved.address
    assert heir.udp.recv(100) == b"question"
    heir.close()


def _drain(udp: socket.socket) -> int:
    taken = 0
    while True:
        try:
            udp.recv(100)
        except BlockingIOError:
            return taken
        taken += 1


def test_a_second_server_on_the_same_port_is_refused_even_before_traffic_is_opened(make):
    held = make("127.0.0.1", 2)
    with pytest.raises(InvalidSetting, match=rf"udp port {held.address.port} is taken by .*\(pid {os.getpid()}\)"):
        reserve([held.address], 2)


def test_an_address_given_twice_is_refused():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(InvalidSetting, match="is taken by"):
        reserve([Address("127.0.0.1", port), Address("127.0.0.1", port)], 1)
    # ... and what was bound before it is given back.
    [again] = reserve([Address("127.0.0.1", port)], 1)
    again.close()


def test_a_held_tcp_port_is_found_too():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(InvalidSetting, match=r"tcp port .* is taken by"):
            reserve([Address(*listener.getsockname())], 1)


def test_a_privileged_port_says_what_it_needs():
    script = (
        "import ctypes, os\n"
        "from dnsd.server.sockets import reserve\nfrom dnsd.server.address import Address\n"
        "from dnsd.model.errors import InvalidSetting\n"
        "if os.getuid() == 0:\n    os.setuid(65534)\n"
        "try:\n    reserve([Address('127.0.0.1', 1)], 1)\n"
        "except InvalidSetting as fault:\n    print(fault)\n"
    )
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1:
        lacking("a privileged port 1")
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert told.stdout.startswith("--dns 127.0.0.1:1: port 1 needs CAP_NET_BIND_SERVICE")


def test_the_kernel_keeps_little_for_a_peer_that_does_not_read(make):
    reserved = make("127.0.0.1")
    reserved.open_traffic()
    with socket.create_connection(("127.0.0.1", reserved.address.port)):
        reserved.tcp.setblocking(True)
        connected, _ = reserved.tcp.accept()
        with connected:
            connected.setblocking(False)
            kept = 0
            with suppress(BlockingIOError):
                while kept < 10_000_000:
                    kept += connected.send(bytes(10_000))
    assert 0 < kept < 1_500_000


def test_udp_and_tcp_get_the_same_free_port(make):
    made = make("127.0.0.1")
    assert made.tcp.getsockname() == ("127.0.0.1", made.address.port)
    assert made.udp.getsockname() == ("127.0.0.1", made.address.port)


def test_an_association_that_cannot_be_dissolved_is_an_error():
    [reserved] = reserve([Address("127.0.0.1", 0)], 1)
    reserved.udp.close()
    with pytest.raises(OSError) as caught:
        reserved.open_traffic()
    assert caught.value.errno == errno.EBADF
    reserved.close()
