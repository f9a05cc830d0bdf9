"""Never an open resolver: names of others are forwarded for those close by, and for nobody from outside."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest

OUTSIDE = ["198.51.100.7", "8.8.8.8", "100.64.0.1", "172.32.0.1"]
CLOSE = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.0.1", "192.168.7.7"]
PROHIBITED = 18
OURS, THEIRS = "web.default.svc.cluster.local", "www.example.com"


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


def test_nobody_from_outside_has_anything_forwarded(make_replica, own_loopback):
    if not own_loopback:
        pytest.skip("addresses of one's own need root")
    for address in [*OUTSIDE, *CLOSE]:
        if not address.startswith("127."):
            subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
    with Upstream().running() as upstream:
        replica = make_replica(flags=("--forward", f"127.0.0.1:{upstream.port}"))
        replica.fill({"web": ["10.0.0.1"]})

        def ask(name: str, source: str, way) -> dns.message.Message:
            query = dns.message.make_query(name, "A", use_edns=0)
            return way(query, replica.dns[0], port=replica.dns[1], source=source, timeout=5)

        for way in (dns.query.udp, dns.query.tcp):
            for source in OUTSIDE:
                refused = ask(THEIRS, source, way)
                assert refused.rcode() == dns.rcode.REFUSED, source
                assert not refused.flags & dns.flags.RA
                assert [option.code for option in refused.options] == [PROHIBITED]
                ours = ask(OURS, source, way)
                assert ours.answer[0][0].address == "10.0.0.1"
                assert not ours.flags & dns.flags.RA
        assert upstream.asked == []
        for way in (dns.query.udp, dns.query.tcp):
            for source in CLOSE:
                answer = ask(THEIRS, source, way)
                assert answer.answer[0][0].address == "192.0.2.80", source
                assert answer.flags & dns.flags.RA
        assert upstream.asked
        # What others have put into the cache is not for those outside either.
        assert ask(THEIRS, OUTSIDE[0], dns.query.udp).rcode() == dns.rcode.REFUSED
