"""Never an open resolver: names of others are forwarded for those close by, and for nobody from outside.

Both families, and every door: UDP, TCP, DNS over TLS and over HTTPS.
"""

import base64
import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest
from certificates import Authority
from faults.replica import until
from ports import free_port
from room import lacking

LOOPBACK = {4: "127.0.0.1", 6: "::1"}
# 6to4 and NAT64 carry an address of a private range, which makes nobody private.
OUTSIDE = {
    4: ["198.51.100.7", "8.8.8.8", "100.64.0.1", "172.32.0.1"],
    6: ["2001:db8::7", "2600:1f18::1", "2002:a00:1::1", "64:ff9b::a00:1"],
}
CLOSE = {4: ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.0.1", "192.168.7.7"], 6: ["::1", "fd00::7", "fc00::1"]}
PROHIBITED = 18
OURS, THEIRS = "web.default.svc.cluster.local", "www.example.com"

Ask = Callable[[str, str], dns.message.Message]
"""Name, source address -> the reply."""


class Upstream(threading.Thread):
    """Answers every question for A with one address; ``asked``: the names."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._door.bind(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]

    def run(self) -> None:
        while len(packet_and_peer := self._door.recvfrom(4096)):
            packet, peer = packet_and_peer
            if not packet:
                return
            query = dns.message.from_wire(packet)
            name = query.question[0].name
            self.asked.append(name.to_text())
            reply = dns.message.make_response(query, recursion_available=True)
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.80"))
            self._door.sendto(reply.to_wire(), peer)

    @contextmanager
    def running(self) -> Iterator["Upstream"]:
        self.start()
        try:
            yield self
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", self.port))
            self.join()
            self._door.close()


class Doors:
    """Flags of a dnsd that listens on the loopback of one family by every transport, and how to ask each of them."""

    def __init__(self, family: int, authority: Authority) -> None:
        self._host = LOOPBACK[family]
        self._context = ssl.create_default_context(cafile=authority.certificate)
        self._dns, self._dot, self._doh = free_port(), free_port(), free_port()
        pair = authority.sign("dns", "/CN=dns", f"IP:{self._host}")
        written = f"[{self._host}]" if family == 6 else self._host
        self.flags = ("--dns", f"{written}:{self._dns}", "--dot", f"{written}:{self._dot}",
                      "--doh", f"{written}:{self._doh}",
                      "--dns-tls-cert", pair.certificate, "--dns-tls-key", pair.key)  # fmt: skip
        self.ways: dict[str, Ask] = {"udp": self._udp, "tcp": self._tcp, "tls": self._tls, "https": self._https}

    def _udp(self, name: str, source: str) -> dns.message.Message:
        return dns.query.udp(_query(name), self._host, 5, self._dns, source)

    def _tcp(self, name: str, source: str) -> dns.message.Message:
        return dns.query.tcp(_query(name), self._host, 5, self._dns, source)

    def _tls(self, name: str, source: str) -> dns.message.Message:
        with (
            socket.create_connection((self._host, self._dot), 5, (source, 0)) as plain,
            self._context.wrap_socket(plain, server_hostname=self._host) as tunnel,
        ):
            dns.query.send_tcp(tunnel, _query(name))
            return dns.query.receive_tcp(tunnel)[0]

    def _https(self, name: str, source: str) -> dns.message.Message:
        connection = http.client.HTTPSConnection(
            self._host, self._doh, timeout=5, source_address=(source, 0), context=self._context
        )
        try:
            packet = base64.urlsafe_b64encode(_query(name).to_wire()).rstrip(b"=").decode()
            connection.request("GET", f"/dns-query?dns={packet}")
            reply = connection.getresponse()
            assert reply.status == 200
            return dns.message.from_wire(reply.read())
        finally:
            connection.close()


def _query(name: str) -> dns.message.Message:
    return dns.message.make_query(name, "A", use_edns=0)


@pytest.fixture(params=LOOPBACK, ids=["ipv4", "ipv6"])
def family(request, own_loopback) -> int:
    """With all the addresses of that family on the test's own loopback."""
    if not own_loopback:
        lacking("root, for addresses of one's own")
    for address in [*OUTSIDE[request.param], *CLOSE[request.param]]:
        add_address(address)
    return request.param


def add_address(address: str) -> None:
    """To the loopback of this test; what 127.0.0.0/8 and ::1 have already stays."""
    if not address.startswith("127.") and address != "::1":
        words = ["ip", "address", "add", address, "dev", "lo"]
        subprocess.run([*words, "nodad"] if ":" in address else words, check=True)


def test_nobody_from_outside_has_anything_forwarded(make_replica, family, tmp_path):
    doors = Doors(family, Authority(tmp_path))
    with Upstream().running() as upstream:
        replica = make_replica(flags=("--forward", f"127.0.0.1:{upstream.port}", *doors.flags))
        replica.fill({"web": ["10.0.0.1"]})
        close = CLOSE[family][0]
        # The encrypted doors follow the mirror; the answer of the others came at once.
        for ask in doors.ways.values():
            until(lambda ask=ask: ask(OURS, close).answer, "this door answers")
        for way, ask in doors.ways.items():
            for source in OUTSIDE[family]:
                refused = ask(THEIRS, source)
                assert refused.rcode() == dns.rcode.REFUSED, (way, source)
                assert not refused.flags & dns.flags.RA
                assert [option.code for option in refused.options] == [PROHIBITED]
                ours = ask(OURS, source)
                assert ours.answer[0][0].address == "10.0.0.1", (way, source)
                assert not ours.flags & dns.flags.RA
        assert upstream.asked == []
        for way, ask in doors.ways.items():
            for source in CLOSE[family]:
                answer = ask(THEIRS, source)
                assert answer.answer[0][0].address == "192.0.2.80", (way, source)
                assert answer.flags & dns.flags.RA
        assert upstream.asked
        # What others have put into the cache is not for those outside either.
        assert {ask(THEIRS, OUTSIDE[family][0]).rcode() for ask in doors.ways.values()} == {dns.rcode.REFUSED}


NEIGHBOURS = {4: ("198.51.100.1", "198.51.100.254"), 6: ("2001:db8:0:1100::1", "2001:db8:0:11ff::1")}
"""In one network: /24, /56."""
STRANGER = {4: "198.51.101.1", 6: "2001:db8:0:1200::1"}
"""In the next one."""
QUESTIONS = 20


def test_the_rate_limit_is_one_for_a_network_and_not_for_the_next_one(make_replica, family):
    for address in (*NEIGHBOURS[family], STRANGER[family]):
        add_address(address)
    host, port = LOOPBACK[family], free_port()
    written = f"[{host}]:{port}" if family == 6 else f"{host}:{port}"
    replica = make_replica(flags=("--dns", written, "--rate-limit", "1"))
    replica.fill({"web": ["10.0.0.1"]})

    def replies(source: str, questions: int) -> list[dns.message.Message]:
        """What comes back; TCP is there for those who were cut, so only UDP is asked."""
        kind = socket.AF_INET6 if family == 6 else socket.AF_INET
        with socket.socket(kind, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            sock.connect((host, port))
            packet = _query(OURS).to_wire()
            for _ in range(questions):
                sock.send(packet)
            sock.settimeout(3)
            found = [dns.message.from_wire(sock.recv(4096))]
            sock.settimeout(0.3)
            while True:
                try:
                    found.append(dns.message.from_wire(sock.recv(4096)))
                except TimeoutError:
                    return found

    start = time.monotonic()
    told = [reply for source in NEIGHBOURS[family] for reply in replies(source, QUESTIONS)]
    whole = [reply for reply in told if reply.answer]
    seconds = time.monotonic() - start
    # One at once, one more for each second: for both together. Every second one of the rest is cut, not answered.
    assert 1 <= len(whole) <= 1 + seconds
    cut = [reply for reply in told if reply.flags & dns.flags.TC]
    assert len(cut) >= QUESTIONS - len(whole) - 1
    assert not any(reply.answer for reply in cut)
    assert len(replies(STRANGER[family], 1)[0].answer) == 1
    for source in NEIGHBOURS[family]:
        query = _query(OURS)
        assert dns.query.tcp(query, host, 5, port, source).answer
