import asyncio
import socket
import subprocess
from ipaddress import ip_network

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.xfr
import dns.zone
import pytest
from room import require

from dnsd.answer.access import Access
from dnsd.answer.allowed import Allowed
from dnsd.answer.short import ShortNames
from dnsd.app.forwarding import forwarder_of
from dnsd.config import load
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import name_from_text
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.counts import TURNS
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address
from dnsd.server.limiter import Rate
from dnsd.server.responder import Responder
from dnsd.server.sockets import adopt, reserve
from dnsd.server.source import LocalFeed

WEB = "web.default.svc.cluster.local."


class Standing(SystemClock):
    """A clock that stands still: no token comes back while this machine is busy."""

    def monotonic(self) -> float:
        return 1000.0


class Room:
    """One responder on a free port, in this process."""

    def __init__(self, catalog, sockets, clock, **options) -> None:
        self.sockets = sockets
        self.feed = LocalFeed(catalog.table)
        self.responder = Responder(sockets, self.feed, catalog.table, clock, **options)
        self.tasks = Tasks("test")
        self.running = self.tasks.start("run", self.responder.run())

    @property
    def port(self) -> int:
        return self.sockets[0].address.port

    async def ask(
        self, name: str, rtype: str = "A", *, tcp: bool = False, host: str = "127.0.0.1", source=None, **options
    ):
        query = dns.message.make_query(name, rtype, **options)
        way = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        return await way(query, host, port=self.port, timeout=5, source=source)

    def is_closed(self) -> bool:
        """True when clients see closed ports, UDP and TCP."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.connect(("127.0.0.1", self.port))
            udp.settimeout(0.2)
            udp.send(bytes(12))
            try:
                udp.recv(100)
            except ConnectionRefusedError:
                return tcp.connect_ex(("127.0.0.1", self.port)) != 0
            except TimeoutError:
                pass
        return False


@pytest.fixture
async def make(catalog):
    rooms = []

    def room(host: str = "127.0.0.1", workers: int = 1, clock=None, **options) -> Room:
        rooms.append(Room(catalog, reserve([Address(host, 0)], workers), clock or SystemClock(), **options))
        return rooms[-1]

    yield room
    for each in rooms:
        if not each.running.done():
            await each.responder.stop(0)
        await each.tasks.stop()
        for each_socket in each.sockets:
            each_socket.close()


def _addresses(message: dns.message.Message) -> list[str]:
    return sorted(record.address for rrset in message.answer for record in rrset)


async def test_ports_are_closed_until_the_first_load_and_open_then(make, catalog, register, until):
    room = make()
    await asyncio.sleep(0)
    assert await asyncio.to_thread(room.is_closed)
    catalog.load([], [], 1)
    register(2, 7)
    room.feed.reload()
    await until(lambda: room.responder._tcp is not None)
    for tcp in (False, True):
        reply = await room.ask(WEB, tcp=tcp)
        assert (reply.rcode(), _addresses(reply)) == (dns.rcode.NOERROR, ["10.0.0.7"])


async def test_ports_open_after_a_while_all_the_same_and_answer_servfail_not_ready(make, until):
    room = make(open_within_seconds=0.02)
    await until(lambda: room.responder._tcp is not None)
    reply = await room.ask(WEB, use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in reply.options] == [14]  # RFC 8914 4.15: not ready


async def test_every_change_is_in_the_next_answer(make, catalog, register, until):
    catalog.load([], [], 1)
    room = make()
    await until(lambda: room.responder._tcp is not None)
    for number in range(1, 20):
        room.feed.publish(register(number + 1, number))
        assert len(_addresses(await room.ask(WEB, tcp=number % 2 == 0))) == number


async def test_its_source_can_let_it_answer_without_the_loop(make, catalog, register, until, monkeypatch):
    told = []
    monkeypatch.setattr(LocalFeed, "open", lambda feed, *given: (told.append(given), feed.reload()))
    catalog.load([], [], 1)
    register(2, 7)
    room = make()
    await until(lambda: room.responder._tcp is not None)
    ((_, _, answer_waiting),) = told
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(("127.0.0.1", room.port))
        answer_waiting()
        client.send(dns.message.make_query(WEB, "A").to_wire())
        answer_waiting()
        assert _addresses(dns.message.from_wire(client.recv(512))) == ["10.0.0.7"]


@pytest.mark.parametrize(("host", "asked"), [("0.0.0.0", "127.0.0.9"), ("::", "::1"), ("::1", "::1")])
async def test_replies_leave_from_the_address_that_was_asked(make, catalog, register, until, host, asked):
    catalog.load([], [], 1)
    register(2, 7)
    room = make(host)
    await until(lambda: room.responder._tcp is not None)
    for tcp in (False, True):
        assert _addresses(await room.ask(WEB, tcp=tcp, host=asked)) == ["10.0.0.7"]


async def test_everything_is_counted(make, catalog, register, until):
    catalog.load([], [], 1)
    register(2, 7)
    room = make()
    await until(lambda: room.responder._tcp is not None)
    await room.ask(WEB)
    await room.ask("nobody." + WEB, "AAAA")
    await room.ask(WEB, "SRV", tcp=True)
    await until(lambda: room.responder.counts()[("dnsd_dns_tcp_connections",)] == 0)
    counts = await room.feed.counts()
    turns = {key[1]: counts.pop(key) for key in list(counts) if key[0] == TURNS}
    assert turns.pop("sum") > 0
    assert 0 < sum(turns.values()) <= 3  # one that waits for TCP's answer may wake up for nothing
    assert counts == {
        ("dnsd_dns_requests", "udp", "A"): 1,
        ("dnsd_dns_requests", "udp", "AAAA"): 1,
        ("dnsd_dns_requests", "tcp", "SRV"): 1,
        ("dnsd_dns_responses", "NOERROR"): 2,
        ("dnsd_dns_responses", "NXDOMAIN"): 1,
        ("dnsd_dns_tcp_accepted",): 1,
        ("dnsd_dns_tcp_connections",): 0,
        ("dnsd_dns_responders",): 1,
    }


async def test_a_truncated_answer_comes_whole_over_tcp(make, catalog, register, until):
    catalog.load([], [], 1)
    for number in range(1, 60):
        register(number + 1, number)
    room = make()
    await until(lambda: room.responder._tcp is not None)
    cut = await room.ask(WEB)
    whole = await room.ask(WEB, tcp=True)
    assert cut.flags & 0x0200
    assert 0 < len(_addresses(cut)) < 59
    assert len(_addresses(whole)) == 59
    assert room.responder.counts()[("dnsd_dns_truncated", "udp")] == 1


async def test_the_payload_setting_and_the_cookie_secret_reach_the_answers(make, catalog, register, until):
    catalog.load([], [], 1)
    for number in range(1, 60):
        register(number + 1, number)
    room = make(udp_payload_most=4096, cookie_secret=b"first" + bytes(11))
    await until(lambda: room.responder._tcp is not None)
    cookie = dns.edns.GenericOption(10, b"clientck")
    first = await room.ask(WEB, use_edns=0, payload=4096, options=[cookie])
    assert len(_addresses(first)) == 59
    room.feed.set_terms({"cookie_secret": b"shared" + bytes(10)})
    second = await room.ask(WEB, use_edns=0, payload=4096, options=[cookie])
    cookies = [[option.to_wire() for option in reply.options] for reply in (first, second)]
    assert all(len(each[0]) == 24 for each in cookies)
    assert cookies[0][0][16:] != cookies[1][0][16:]


async def test_the_lame_duck_answers_until_its_time_is_over_and_then_the_ports_are_closed(
    make, catalog, register, until, hand_clock
):
    catalog.load([], [], 1)
    register(2, 7)
    room = make(clock=hand_clock)
    await until(lambda: room.responder._tcp is not None)
    stopping = room.tasks.start("stop", room.responder.stop(5))
    await asyncio.sleep(0)
    for tcp in (False, True):
        assert _addresses(await room.ask(WEB, tcp=tcp)) == ["10.0.0.7"]
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
    query = dns.message.make_query(WEB, "A").to_wire()
    hand_clock.advance(4.9)
    await asyncio.sleep(0)
    assert not stopping.done()
    writer.write(len(query).to_bytes(2) + query)
    hand_clock.advance(0.1)
    await asyncio.wait_for(stopping, 5)
    await asyncio.wait_for(room.running, 5)
    reply = await asyncio.wait_for(reader.read(), 5)
    assert _addresses(dns.message.from_wire(reply[2:])) == ["10.0.0.7"]
    writer.close()
    assert await asyncio.to_thread(room.is_closed)


async def test_stopping_before_anything_was_loaded_opens_nothing(make, hand_clock):
    room = make(clock=hand_clock)
    await asyncio.sleep(0)
    await room.responder.stop(5)
    await asyncio.wait_for(room.running, 2)
    assert room.responder.counts() == {}
    assert await asyncio.to_thread(room.is_closed)


async def test_a_restarted_responder_answers_on_the_same_sockets(make, catalog, register, until):
    catalog.load([], [], 1)
    register(2, 7)
    room = make()
    await until(lambda: room.responder._tcp is not None)
    await room.responder.stop(0)
    heir = Responder(room.sockets, LocalFeed(catalog.table), catalog.table, SystemClock())
    running = room.tasks.start("heir", heir.run())
    await until(lambda: heir._tcp is not None)
    for tcp in (False, True):
        assert _addresses(await room.ask(WEB, tcp=tcp)) == ["10.0.0.7"]
    await heir.stop(0)
    await running


async def test_two_responders_share_an_address(make, catalog, register, until):
    catalog.load([], [], 1)
    register(2, 7)
    first = make(workers=2)
    sockets = adopt([tuple(socket.dup(each) for each in first.sockets[0].descriptors)], 2)
    second = Responder(sockets, LocalFeed(catalog.table), catalog.table, SystemClock())
    running = first.tasks.start("second", second.run())
    await until(lambda: first.responder._tcp is not None and second._tcp is not None)
    for number in range(60):
        assert _addresses(await first.ask(WEB, tcp=number % 2 == 0)) == ["10.0.0.7"]
    shares = [each.counts()[("dnsd_dns_responses", "NOERROR")] for each in (first.responder, second)]
    assert sum(shares) == 60
    assert min(shares) > 5
    await second.stop(0)
    await running
    for each in sockets:
        each.close()
    assert _addresses(await first.ask(WEB)) == ["10.0.0.7"]


async def test_a_port_that_somebody_else_took_meanwhile_is_an_error(make, catalog, until):
    room = make(workers=2)
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for each in room.sockets:
        each._reserved[0].close()
    with taken:
        taken.bind(("127.0.0.1", room.port))
        catalog.load([], [], 1)
        room.feed.reload()
        with pytest.raises(InvalidSetting, match="is taken by"):
            await asyncio.wait_for(room.running, 5)


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("dig", ["+short", "+tries=1"]),
        ("dig", ["+short", "+tcp", "+tries=1"]),
        ("kdig", ["+short", "+retry=0"]),
        ("kdig", ["+short", "+tcp", "+retry=0"]),
        ("kdig", ["+short", "+tcp", "+keepopen", "+retry=0"]),
    ],
)
async def test_real_clients_get_their_answers(make, catalog, register, until, tool, words):
    require(tool)
    catalog.load([], [], 1)
    register(2, 7)
    room = make()
    await until(lambda: room.responder._tcp is not None)
    command = [tool, "@127.0.0.1", "-p", str(room.port), *words, WEB, "A", WEB, "A"]
    told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=10, check=True)
    assert told.stdout.split() == ["10.0.0.7", "10.0.0.7"]


async def test_a_zone_goes_to_who_may_have_it_while_changes_go_on(make, catalog, register, until):
    catalog.load([], [], 1)
    room = make(transfer_to=Allowed((ip_network("127.0.0.1"),)))
    for number in range(1, 400):
        register(number + 1, number)
    await until(lambda: room.responder._tcp is not None)
    zone = dns.zone.Zone("cluster.local", relativize=False)
    for revision, rtype in ((400, "AXFR"), (450, "IXFR")):
        for later in range(catalog.table.revision + 1, revision + 1):
            register(later, later)
        query = dns.message.make_query("cluster.local", rtype)
        if rtype == "IXFR":
            query.authority.append(dns.rrset.from_text("cluster.local.", 5, "IN", "SOA", ". . 400 1 1 1 1"))
        with dns.xfr.Inbound(zone, query.question[0].rdtype, 400) as inbound:
            reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
            packet = query.to_wire()
            writer.write(len(packet).to_bytes(2) + packet)
            is_done, messages = False, 0
            while not is_done:
                octets = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                is_done = inbound.process_message(dns.message.from_wire(octets, xfr=True, one_rr_per_rrset=True))
                messages += 1
                register(catalog.table.revision + 1, 1000 + catalog.table.revision)
            writer.close()
        assert zone.get_soa().serial == revision
        assert len(zone.get_rdataset(WEB, "A")) == revision - 1 if rtype == "AXFR" else messages == 1
    assert len(room.responder._tcp_terms.transfer_to.networks) == 1
    refused = await room.ask("cluster.local", "AXFR")
    assert refused.rcode() == dns.rcode.REFUSED


async def test_who_may_ask_what_is_short_and_how_often_is_handed_down(make, catalog, register, until):
    catalog.load([], [], 1)
    register(2, 7)
    access, short = (
        Access(["!127.0.0.1/32"]),
        ShortNames(name_from_text("cluster.local"), [("127.0.0.2/32", "default")]),
    )
    room = make(access=access, short_names=short, rate=Rate(6, slip=1, exempt=()))
    await until(lambda: room.responder._tcp is not None)
    for tcp in (False, True):
        assert (await room.ask(WEB, tcp=tcp)).rcode() == dns.rcode.REFUSED
        assert _addresses(await room.ask(WEB, tcp=tcp, source="127.0.0.3")) == ["10.0.0.7"]
        assert (await room.ask("web", tcp=tcp, source="127.0.0.3")).rcode() == dns.rcode.REFUSED
        reply = await room.ask("web", tcp=tcp, source="127.0.0.2")
        assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.CNAME, dns.rdatatype.A]
    while not (await room.ask(WEB, source="127.0.0.3")).flags & dns.flags.TC:
        pass
    assert room.responder.counts()[("dnsd_dns_slipped",)] == 1


async def test_several_responders_keep_to_the_rate_of_one(make, catalog, register, until):
    catalog.load([], [], 1)
    register(2, 7)
    options = {"rate": Rate(20, slip=0, exempt=()), "clock": Standing()}
    first = make(workers=2, **options)
    sockets = adopt([tuple(socket.dup(each) for each in first.sockets[0].descriptors)], 2)
    second = Responder(sockets, LocalFeed(catalog.table), catalog.table, **options)
    running = first.tasks.start("second", second.run())
    both = (first.responder, second)
    await until(lambda: all(each._tcp is not None for each in both))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", first.port))
        for number in range(200):
            client.send(dns.message.make_query(WEB, "A", id=number).to_wire())
        dropped = ("dnsd_dns_dropped", "udp", "rate-limit")
        answered = ("dnsd_dns_responses", "NOERROR")
        await until(lambda: sum(each.counts().get(key, 0) for each in both for key in (dropped, answered)) == 200)
        replies = [each.counts().get(answered, 0) for each in both]
    drawn_among = sockets[0].drawn_among
    await second.stop(0)
    await running
    for each in sockets:
        each.close()
    # Where the kernel's hash goes on, the client's port is one responder's, which has all of the rate.
    assert sorted(replies) == ([10, 10] if drawn_among == 2 else [0, 20])


@pytest.mark.parametrize("is_limited", [True, False])
async def test_what_an_upstream_says_later_is_limited_too(make, catalog, register, until, is_limited):
    catalog.load([], [], 1)
    register(2, 7)
    loop = asyncio.get_running_loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        for each in (upstream, client):
            each.setblocking(False)
            each.bind(("127.0.0.1", 0))
        settings = load({"forward": ["127.0.0.1:{1}".format(*upstream.getsockname())]}, {"HOME": "/nowhere"})
        rate = Rate(6, slip=1, exempt=() if is_limited else ("127.0.0.0/8",))
        room = make(clock=Standing(), rate=rate, forwarder=forwarder_of(settings, SystemClock()))
        await until(lambda: room.responder._tcp is not None)
        client.connect(("127.0.0.1", room.port))
        for number in range(10):
            client.send(dns.message.make_query("nobody.example.com", "A", id=number).to_wire())
        assert _addresses(await room.ask(WEB)) == ["10.0.0.7"]  # so all ten have come, and wait
        async with asyncio.timeout(20):
            packet, asker = await loop.sock_recvfrom(upstream, 4096)
            denial = dns.message.make_response(dns.message.from_wire(packet), recursion_available=True)
            denial.set_rcode(dns.rcode.NXDOMAIN)
            await loop.sock_sendto(upstream, denial.to_wire(), asker)
            replies = [dns.message.from_wire(await loop.sock_recv(client, 4096)) for _ in range(10)]
    assert {reply.id for reply in replies} == set(range(10))
    cut = [reply for reply in replies if reply.flags & dns.flags.TC]
    assert len(cut) == (4 if is_limited else 0)
    assert all(reply.flags & dns.flags.RA for reply in replies)
    assert room.responder.counts().get(("dnsd_dns_slipped",), 0) == len(cut)
