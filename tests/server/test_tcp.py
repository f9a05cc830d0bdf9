import asyncio
import errno
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from waiting import eventually

from dnsd.answer.terms import Terms
from dnsd.model.message import Transfer
from dnsd.runtime.clock import SystemClock
from dnsd.server import tcp as tcp_module
from dnsd.server.tally import Tally
from dnsd.server.tcp import TRANSFERS_MOST, TcpServer


class _Server:
    def __init__(self, server: TcpServer, tally: Tally, ports: list[tuple[str, int]]) -> None:
        self.server = server
        self.tally = tally
        self.addresses = ports

    @property
    def address(self) -> tuple[str, int]:
        return self.addresses[0]

    @property
    def connections(self) -> int:
        return self.server.counts()[("dnsd_dns_tcp_connections",)]

    def counted(self, *key: str) -> int:
        return self.tally.counts().get(key, 0)


@pytest.fixture
async def make(respond, table):
    """Makes an open server on one or several hosts."""
    made = []

    def server(*hosts: str, clock=None, **limits) -> _Server:
        listeners = []
        for host in hosts or ("127.0.0.1",):
            listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            listener.bind((host, 0))
            listener.listen(512)
            listener.setblocking(False)
            listeners.append(listener)
        tally = Tally("tcp")
        tcp = TcpServer(listeners, respond, table, Terms(is_tcp=True), clock or SystemClock(), tally, **limits)
        tcp.open()
        made.append((tcp, listeners))
        return _Server(tcp, tally, [listener.getsockname()[:2] for listener in listeners])

    yield server
    for tcp, listeners in made:
        await tcp.close(0)
        for listener in listeners:
            listener.close()


@asynccontextmanager
async def _connected(address: tuple[str, int], source: str | None = None):
    local = (source, 0) if source else None
    reader, writer = await asyncio.open_connection(*address, local_addr=local)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _framed(packet: bytes) -> bytes:
    return len(packet).to_bytes(2) + packet


async def _read(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))


async def _is_closed(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(5):
        try:
            return await reader.read(1) == b""
        except ConnectionResetError:
            return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_questions_are_answered_and_counted(make, ask, answered, host):
    server = make(host)
    async with _connected(server.address) as (reader, writer):
        for number in range(3):
            writer.write(_framed(ask(number)))
            assert await _read(reader) == answered(number)
        assert server.connections == 1
    await eventually(lambda: server.connections == 0)
    assert server.tally.counts() == {
        ("dnsd_dns_requests", "tcp", "A"): 3,
        ("dnsd_dns_responses", "NOERROR"): 3,
        ("dnsd_dns_tcp_accepted",): 1,
    }


async def test_all_addresses_are_served(make, ask, answered):
    server = make("127.0.0.1", "::1")
    for address in server.addresses:
        async with _connected(address) as (reader, writer):
            writer.write(_framed(ask(1)))
            assert await _read(reader) == answered(1)


async def test_a_fault_is_answered_and_the_connection_goes_on(make, ask, answered):
    server = make()
    async with _connected(server.address) as (reader, writer):
        writer.write(_framed(ask(1, b"fault")) + _framed(ask(2)))
        assert await _read(reader) == b"\0\1\x81\2" + bytes(8)
        assert await _read(reader) == answered(2)
    assert server.counted("dnsd_dns_failures", "tcp") == 1


async def test_what_gets_no_answer_ends_its_connection(make, ask):
    server = make()
    async with _connected(server.address) as (reader, writer):
        writer.write(_framed(ask(1, b"silence")))
        assert await _is_closed(reader)
    assert server.counted("dnsd_dns_tcp_closed", "malformed") == 1
    assert server.counted("dnsd_dns_dropped", "tcp", "test") == 1


async def test_a_client_that_half_closes_gets_its_answers(make, ask, answered):
    server = make()
    async with _connected(server.address) as (reader, writer):
        for number in range(50):
            writer.write(_framed(ask(number)))
        writer.write_eof()
        assert [await _read(reader) for _ in range(50)] == [answered(number) for number in range(50)]
        assert await _is_closed(reader)


async def test_a_crowd_whose_time_is_up_together_goes_in_parts_while_others_have_their_turn(
    make, hand_clock, monkeypatch
):
    monkeypatch.setattr(tcp_module, "CLOSES_A_TURN", 4)
    server = make(clock=hand_clock)
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(_connected(server.address))
        await eventually(lambda: server.connections == 10)
        server.server._timers["sweep"].cancel()
        hand_clock.advance(11)
        left = [(server.server.sweep(), server.connections) for _ in range(4)]
        assert left == [(True, 6), (True, 2), (False, 0), (False, 0)]
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(_connected(server.address))
        await eventually(lambda: server.connections == 10)
        hand_clock.advance(11)
        # The server's own sweep goes on at once, with the others' turns between: not four a quarter of a second.
        sweeps = []
        server.server._sweep_on()
        async with asyncio.timeout(20):
            while server.connections:
                sweeps.append(server.connections)
                await asyncio.sleep(0)
        assert len(sweeps) < 20
        assert set(sweeps) == {6, 2}


async def test_time_limits_are_kept_by_the_sweep(make, ask, hand_clock):
    server = make(clock=hand_clock)
    async with AsyncExitStack() as stack:
        idle, _ = await stack.enter_async_context(_connected(server.address))
        slow, slow_writer = await stack.enter_async_context(_connected(server.address))
        await eventually(lambda: server.connections == 2)
        slow_writer.write(_framed(ask(1))[:-1])
        await eventually(lambda: server.server._held > 0)
        hand_clock.advance(1.9)
        server.server.sweep()
        assert server.connections == 2
        hand_clock.advance(0.1)
        server.server.sweep()
        assert await _is_closed(slow)
        assert server.connections == 1
        hand_clock.advance(7.9)
        server.server.sweep()
        assert server.connections == 1
        hand_clock.advance(0.1)
        assert await _is_closed(idle)  # by the server's own sweep
    assert server.counted("dnsd_dns_tcp_closed", "slow") == 1
    assert server.counted("dnsd_dns_tcp_closed", "idle") == 1
    assert server.server._held == 0


async def test_a_peer_that_never_reads_is_closed_and_what_it_was_owed_forgotten(make, ask, hand_clock):
    server = make(clock=hand_clock)
    async with _connected(server.address) as (reader, writer):
        reader._transport.pause_reading()
        writer.transport.set_write_buffer_limits(1 << 30)
        for number in range(20_000):
            writer.write(_framed(ask(number, b"size 4000")))
        await eventually(lambda: any(guest.is_owed for guest in server.server._guests))
        assert server.server._held < 300_000
        hand_clock.advance(9.5)
        await eventually(lambda: server.connections == 0)
        assert server.counted("dnsd_dns_tcp_closed", "stalled") == 1
        assert server.server._held == 0


async def test_one_client_cannot_take_all_connections(make, ask, answered):
    server = make(a_client_most=3)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(_connected(server.address, "127.0.0.2"))
        await eventually(lambda: server.connections == 3)
        refused, _ = await stack.enter_async_context(_connected(server.address, "127.0.0.2"))
        assert await _is_closed(refused)
        reader, writer = await stack.enter_async_context(_connected(server.address, "127.0.0.3"))
        writer.write(_framed(ask(1)))
        assert await _read(reader) == answered(1)
    assert server.counted("dnsd_dns_tcp_refused", "client") == 1


async def test_a_full_house_makes_room_by_closing_the_longest_silent(make, ask, answered):
    server = make(connections_most=3)
    async with AsyncExitStack() as stack:
        lines = []
        for number in range(3):
            lines.append(await stack.enter_async_context(_connected(server.address)))
            await eventually(lambda wanted=number + 1: server.connections == wanted)
        lines[0][1].write(_framed(ask(1)))
        assert await _read(lines[0][0]) == answered(1)
        newest, writer = await stack.enter_async_context(_connected(server.address))
        writer.write(_framed(ask(2)))
        assert await _read(newest) == answered(2)
        assert await _is_closed(lines[1][0])
        lines[0][1].write(_framed(ask(3)))
        assert await _read(lines[0][0]) == answered(3)
    assert server.counted("dnsd_dns_tcp_closed", "full") == 1


async def test_without_file_descriptors_it_rests_makes_room_and_recovers(make, ask, answered, monkeypatch):
    monkeypatch.setattr(tcp_module, "STARVED_PAUSE_SECONDS", 0.05)
    server = make()
    [listener] = server.server._listeners
    async with AsyncExitStack() as stack:
        idle, _ = await stack.enter_async_context(_connected(server.address))
        await eventually(lambda: server.connections == 1)
        starved = _Starved(listener)
        server.server._listeners = [starved]
        server.server._accept_none()
        server.server._accept_all()
        reader, writer = await stack.enter_async_context(_connected(server.address))
        writer.write(_framed(ask(1)))
        assert await _is_closed(idle)
        start = asyncio.get_running_loop().time()
        await eventually(lambda: starved.refused >= 4)
        assert asyncio.get_running_loop().time() - start > 0.1
        starved.is_over = True
        assert await _read(reader) == answered(1)
    server.server._listeners = [listener]
    assert starved.refused <= 5
    assert server.counted("dnsd_dns_tcp_refused", "descriptors") == starved.refused


class _Starved:
    """A listener whose accept fails for want of file descriptors."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.family = listener.family
        self.refused = 0
        self.is_over = False

    def fileno(self) -> int:
        return self._listener.fileno()

    def accept(self) -> tuple[socket.socket, object]:
        if self.is_over:
            return self._listener.accept()
        self.refused += 1
        raise OSError(errno.EMFILE, "Too many open files")


async def test_closing_answers_who_has_asked_and_refuses_nobody_who_had_connected(make, ask, answered):
    server = make()
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(_connected(server.address)) for _ in range(3)]
        await eventually(lambda: server.connections == 3)
        for number, (_, writer) in enumerate(lines[:2]):
            writer.write(_framed(ask(number)))
        late = socket.create_connection(server.address)
        late.sendall(_framed(ask(7)))
        await server.server.close(5)
        assert server.connections == 0
        assert [await _read(reader) for reader, _ in lines[:2]] == [answered(0), answered(1)]
        assert await _is_closed(lines[2][0])
        late.settimeout(2)
        assert late.recv(100) == _framed(answered(7))
        late.close()


async def _until_owed(server, client: socket.socket, question: bytes) -> None:
    """Ask without reading until answers wait for this client."""

    def is_owed() -> bool:
        with suppress(BlockingIOError):
            client.send(_framed(question) * 10)
        return any(guest.is_owed for guest in server.server._guests)

    client.setblocking(False)
    await eventually(is_owed)


async def test_closing_waits_no_longer_than_it_may_for_who_does_not_read(make, ask):
    server = make()
    with socket.create_connection(server.address) as client:
        await _until_owed(server, client, ask(1, b"size 60000"))
        await server.server.close(0.05)
        assert server.connections == 0
    assert server.counted("dnsd_dns_tcp_closed", "ended") == 1


async def test_nobody_who_is_owed_answers_has_to_go(make, ask):
    server = make(connections_most=1)
    with socket.create_connection(server.address) as owed:
        await _until_owed(server, owed, ask(1, b"size 60000"))
        async with _connected(server.address) as (reader, _):
            assert await _is_closed(reader)
        assert server.connections == 1
    assert server.counted("dnsd_dns_tcp_refused", "total") == 1


async def test_so_many_long_answers_at_a_time_and_others_are_told_to_come_again(make, ask, table):
    drawn = []

    def messages():
        for number in range(1000):
            drawn.append(number)
            yield bytes(30_000)

    def respond(packet, peer, chance, table, terms):
        return Transfer(messages(), b"\0\xfc\0\1", lambda: packet[:2] + b"\x80\2" + bytes(8))

    server = make()
    server.server._respond = respond
    async with AsyncExitStack() as stack:
        lines = []
        for _ in range(TRANSFERS_MOST):
            lines.append(await stack.enter_async_context(_connected(server.addresses[0])))
            lines[-1][1].write(_framed(ask(1)))
        await eventually(lambda: server.server._transfers == TRANSFERS_MOST)
        assert len(drawn) < 1000 * TRANSFERS_MOST  # nobody reads, so no more is made
        late_reader, late_writer = await stack.enter_async_context(_connected(server.addresses[0]))
        late_writer.write(_framed(ask(2)))
        assert (await _read(late_reader))[:4] == b"\0\2\x80\2"
        lines[0][1].close()
        await eventually(lambda: server.server._transfers == TRANSFERS_MOST - 1)
        late_writer.write(_framed(ask(3)))
        assert len(await _read(late_reader)) == 30_000
    await eventually(lambda: server.server._transfers == 0)


async def test_a_fault_in_a_long_answer_ends_it_and_is_counted(make, ask):
    def messages():
        yield bytes(12)
        raise RuntimeError("oops")

    server = make()
    server.server._respond = lambda packet, *_: Transfer(messages(), b"", bytes)
    async with _connected(server.addresses[0]) as (reader, writer):
        writer.write(_framed(ask(1)))
        assert await _read(reader) == bytes(12)
        await eventually(lambda: server.server._transfers == 0)
