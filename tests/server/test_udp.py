import asyncio
import random
import socket

import pytest

from dnsd.answer.terms import Terms
from dnsd.model.message import Outcome
from dnsd.runtime.clock import SystemClock
from dnsd.server import udp as udp_module
from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.datagrams import BATCH, PlainDatagrams
from dnsd.server.limiter import Limiter, Rate
from dnsd.server.tally import Tally
from dnsd.server.udp import UdpServer


@pytest.fixture(params=["mmsg", "plain"])
def make(request, monkeypatch, respond, table):
    """Makes an open server on a free port, by either door."""
    if request.param == "plain":
        monkeypatch.setattr(udp_module, "open_datagrams", PlainDatagrams)
    made = []

    def server(host: str = "127.0.0.1", respond=respond, clock=None, terms=None, **options):
        bound = bind(Address(host, 0), socket.SOCK_DGRAM, "", is_shared=False)
        tally = Tally("udp")
        made.append(UdpServer(bound, respond, table, terms or Terms(), clock or SystemClock(), tally, **options))
        made[-1].open()
        return made[-1], bound, tally

    yield server
    for each in made:
        each.close()
        each._udp.close()


async def _asked(
    address: tuple, *packets: bytes, family: int = socket.AF_INET, replies: int | None = None
) -> list[bytes]:
    """Send these from one socket; the replies, as many as packets if not said."""
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(address)
        for packet in packets:
            client.send(packet)
        wanted = len(packets) if replies is None else replies
        async with asyncio.timeout(5):
            return [await loop.sock_recv(client, 65_535) for _ in range(wanted)]


everywhere = pytest.mark.parametrize(
    ("host", "asked", "family"),
    [
        ("127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("0.0.0.0", "127.0.0.7", socket.AF_INET),
        ("::1", "::1", socket.AF_INET6),
        ("::", "::1", socket.AF_INET6),
    ],
)
"""One address or all, of both families."""


@everywhere
async def test_questions_are_answered(make, ask, answered, host, asked, family):
    _, bound, tally = make(host)
    packets = [ask(number) for number in range(10)]
    replies = await _asked((asked, bound.getsockname()[1]), *packets, family=family)
    assert replies == [answered(number) for number in range(10)]
    assert tally.counts() == {("dnsd_dns_requests", "udp", "A"): 10, ("dnsd_dns_responses", "NOERROR"): 10}


async def test_a_fault_in_one_packet_costs_the_others_nothing(make, ask, answered):
    _, bound, tally = make()
    bodies = [b"one", b"fault", b"two", b"silence", b"forward", b"three"]
    packets = [ask(number, body) for number, body in enumerate(bodies)]
    replies = await _asked(bound.getsockname(), *packets, b"short", b"", replies=4)
    assert replies == [
        answered(0, b"one"),
        b"\0\1\x81\2" + bytes(8),
        answered(2, b"two"),
        answered(5, b"three"),
    ]
    counts = tally.counts()
    assert counts[("dnsd_dns_failures", "udp")] == 1
    assert counts[("dnsd_dns_dropped", "udp", "test")] == 1
    assert counts[("dnsd_dns_dropped", "udp", "forward")] == 1
    assert counts[("dnsd_dns_dropped", "udp", "short")] == 2
    assert counts[("dnsd_dns_responses", "SERVFAIL")] == 1


async def test_more_than_one_turn_can_take_is_answered_all_the_same(make, ask, monkeypatch):
    monkeypatch.setattr(udp_module, "BATCHES_A_TURN", 2)
    _, bound, tally = make()
    number = BATCH * udp_module.BATCHES_A_TURN + 10
    replies = await _asked(bound.getsockname(), *(ask(each) for each in range(number)))
    assert [int.from_bytes(each[:2]) for each in replies] == list(range(number))
    assert sum(each for key, each in tally.counts().items() if key[0] == "dnsd_dns_responses") == number


async def test_each_packet_gets_its_peer_its_chance_and_the_moment(make, ask, hand_clock):
    seen: list[tuple[bytes, int, int]] = []

    def watching(packet: bytes, peer: bytes, chance: int, _: object, terms: Terms) -> Outcome:
        seen.append((peer, chance, terms.now))
        return packet, b""

    random.seed(5)
    _, bound, _ = make(respond=watching, clock=hand_clock)
    await _asked(bound.getsockname(), *(ask(number) for number in range(64)))
    hand_clock.advance(7)
    await _asked(bound.getsockname(), ask(64))
    assert {peer for peer, _, _ in seen} == {b"\x7f\0\0\1"}
    assert [now for _, _, now in seen] == [1_700_001_000] * 64 + [1_700_001_007]
    chances = [chance for _, chance, _ in seen]
    assert len(set(chances)) > 60
    assert all(0 <= chance < 1 << 32 for chance in chances)
    assert max(chances) > 1 << 31 > min(chances)


async def test_what_has_come_is_answered_when_the_server_closes(make, ask, answered):
    server, bound, _ = make()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(bound.getsockname())
        client.send(ask(1))
        server.close()
        assert client.recv(100) == answered(1)
        client.send(ask(2))
        await asyncio.sleep(0)
        assert bound.recv(100) == ask(2)


async def test_what_the_kernel_did_not_take_is_sent_when_it_does(make, ask, answered, monkeypatch):
    server, bound, _ = make()
    really_send = server._datagrams.send
    full, flushed = [True], []

    def send(replies):
        really_send(replies)
        return not full[0]

    def flush():
        flushed.append(1)
        return len(flushed) > 2

    monkeypatch.setattr(server._datagrams, "send", send)
    monkeypatch.setattr(server._datagrams, "flush", flush)
    assert await _asked(bound.getsockname(), ask(1), ask(2)) == [answered(1), answered(2)]
    async with asyncio.timeout(5):
        while server._is_writing:
            await asyncio.sleep(0)
    assert len(flushed) == 3
    full[0] = False
    assert await _asked(bound.getsockname(), ask(3)) == [answered(3)]
    assert len(flushed) == 3


async def test_replies_above_the_rate_are_dropped_or_truncated(make, ask, answered):
    server, bound, tally = make()
    server._limiter = Limiter(Rate(3, slip=1, exempt=()), tally)
    packets = [ask(number, b"\0\0\1\0\1") for number in range(5)]
    replies = await _asked(bound.getsockname(), *packets)
    assert replies[:3] == [answered(number, b"\0\0\1\0\1") for number in range(3)]
    assert [reply[2] & 2 for reply in replies[3:]] == [2, 2]
    assert tally.counts()[("dnsd_dns_slipped",)] == 2


class Upward:
    """Forwarding that answers when the test says so."""

    def __init__(self) -> None:
        self.waiting = []

    def answer(self, forward, packet, peer, send_of):
        self.waiting.append((forward.finish(None), send_of()))
        return b"", b""

    def offered(self, replies, peers):
        assert len(replies) == len(peers)
        return tuple(reply[:3] + bytes((reply[3] | 0x80,)) + reply[4:] if reply else b"" for reply in replies)


@everywhere
async def test_what_an_upstream_is_asked_for_holds_up_nothing_and_goes_back_the_way_it_came(
    make, ask, answered, host, asked, family, until
):
    upward = Upward()
    _, bound, tally = make(host, forwarding=upward)
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect((asked, bound.getsockname()[1]))
        for packet in (ask(1, b"forward"), ask(2), ask(3, b"forward")):
            client.send(packet)
        async with asyncio.timeout(5):
            assert (await loop.sock_recv(client, 512))[:4] == answered(2)[:3] + b"\x80"
            await until(lambda: len(upward.waiting) == 2)
            await _asked((asked, bound.getsockname()[1]), *(ask(number) for number in range(4, 80)), family=family)
            for reply, send in reversed(upward.waiting):
                send(reply)
            assert [await loop.sock_recv(client, 512) for _ in range(2)] == [answered(3), answered(1)]
    assert ("dnsd_dns_dropped", "udp", "forward") not in tally.counts()


async def test_a_late_answer_after_the_end_is_nothing(make, ask, until):
    upward = Upward()
    server, bound, _ = make(forwarding=upward)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(bound.getsockname())
        client.send(ask(1, b"forward"))
        await until(lambda: bool(upward.waiting))
        server.close()
        reply, send = upward.waiting[0]
        send(reply)
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(512)


@pytest.mark.parametrize(("has_siblings", "expected"), [(False, []), (True, ["yielded"])])
async def test_beside_others_it_lets_others_go_first_after_a_batch_of_many(
    make, ask, monkeypatch, has_siblings, expected
):
    yielded = []
    monkeypatch.setattr(udp_module.os, "sched_yield", lambda: yielded.append("yielded"))
    server, bound, _ = make(has_siblings=has_siblings)
    few, many = udp_module.BATCH_WORTH_ANOTHER - 1, udp_module.BATCH_WORTH_ANOTHER
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(bound.getsockname())
        for number in range(few):
            client.send(ask(number))
        server._take_turn()
        assert yielded == []
        for number in range(many):
            client.send(ask(number))
        server._take_turn()
    assert yielded == expected


async def test_what_waits_is_answered_while_somebody_else_has_the_loop(make, ask, answered):
    server, bound, _ = make()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(bound.getsockname())
        client.send(ask(1))
        server.answer_waiting()
        assert client.recv(512) == answered(1)
        server.close()
        client.send(ask(2))
        server.answer_waiting()
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(512)
