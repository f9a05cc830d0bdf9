import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, suppress

import pytest
from certificates import Authority

from dnsd.answer.terms import Terms
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tls import Tls
from dnsd.server import dot
from dnsd.server.answering import Answering
from dnsd.server.dot import DotServer, peer_of
from dnsd.server.tally import Tally


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("dot"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.sign("server", "/CN=ns.dns.cluster.local", "IP:127.0.0.1")


@pytest.fixture
async def server(respond, table, pair):
    listener = socket.create_server(("127.0.0.1", 0))
    answering = Answering(respond, table, Terms(is_tcp=True), SystemClock(), Tally("tls"))
    made = DotServer([listener], answering, Tls(pair.certificate, pair.key).context())
    made.port = listener.getsockname()[1]
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def connected(server, authority):
    """Opens a connection whose server is known by its certificate."""

    @asynccontextmanager
    async def connect():
        context = ssl.create_default_context(cafile=authority.certificate)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    return connect


def framed(packet):
    return len(packet).to_bytes(2) + packet


async def read(reader):
    return await asyncio.wait_for(reader.readexactly(int.from_bytes(await reader.readexactly(2))), 10)


async def test_questions_of_one_connection_are_answered(connected, ask, answered):
    async with connected() as (reader, writer):
        for number in range(3):
            writer.write(framed(ask(number)))
            assert await read(reader) == answered(number)


async def test_pipelined_and_split_questions_are_answered(connected, ask, answered):
    async with connected() as (reader, writer):
        octets = b"".join(framed(ask(number)) for number in range(40))
        for at in range(0, len(octets), 7):
            writer.write(octets[at : at + 7])
            await writer.drain()
        replies = {await read(reader) for _ in range(40)}
        assert replies == {answered(number) for number in range(40)}


async def test_an_answer_never_waits_for_the_one_before_it_to_be_acknowledged(connected, ask, monkeypatch):
    delays = []
    converse = DotServer._converse

    async def seen(self, reader, writer, peer):
        delays.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await converse(self, reader, writer, peer)

    monkeypatch.setattr(DotServer, "_converse", seen)
    async with connected() as (reader, writer):
        writer.write(framed(ask(0)))
        await read(reader)
    assert delays == [1]


@pytest.mark.parametrize("sent", [b"\0\0", b"\0\3abc"])
async def test_what_is_no_message_ends_the_connection(connected, sent):
    async with connected() as (reader, writer):
        writer.write(sent)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(1), 10) == b""


async def test_who_is_silent_is_let_go(connected, server, monkeypatch):
    monkeypatch.setattr(dot, "IDLE_SECONDS", 0.05)
    async with connected() as (reader, _):
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(1), 10) == b""


async def test_one_client_has_not_all_connections(connected, server, ask, answered, monkeypatch):
    monkeypatch.setattr(dot, "CONNECTIONS_A_CLIENT_MOST", 1)
    async with connected() as (reader, writer):
        writer.write(framed(ask(1)))
        assert await read(reader) == answered(1)
        assert server.connections == 1
        with suppress(OSError):  # reset, or closed in the handshake: both are a refusal
            async with connected() as (other, second):
                second.write(framed(ask(2)))
                assert await asyncio.wait_for(other.read(1), 10) == b""
        assert server.connections == 1


async def test_plain_octets_are_no_tls(server, ask):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(framed(ask(1)))
    with suppress(ConnectionError):
        assert framed(ask(1))[2:] not in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    assert server.connections == 0


def test_a_peers_address_is_its_octets():
    assert peer_of(("192.0.2.1", 5)) == b"\xc0\0\2\1"
    assert peer_of(("fe80::1%lo", 5, 0, 1)) == b"\xfe\x80" + bytes(13) + b"\1"
