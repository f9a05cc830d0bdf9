"""HTTP/2 at the DoH door, asked by a client that does as it is told, also what no client should."""

import asyncio
import base64
import socket
from unittest import mock

import dns.message
import dns.rrset
import pytest
from certificates import Authority
from h2.errors import ErrorCodes
from h2.events import DataReceived, RemoteSettingsChanged, StreamReset
from h2.settings import SettingCodes
from hpack import Encoder
from http2 import TYPE, Http2Client
from hyperframe.frame import ContinuationFrame, HeadersFrame, PingFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import eventually

from dnsd.admin import doh_http2, doh_patience
from dnsd.admin.doh import DohServer, protocols
from dnsd.runtime.tasks import Tasks
from dnsd.runtime.tls import Tls

QUERY = dns.message.make_query("web.default.svc.cluster.local", "A").to_wire()
BIG = dns.message.make_query("big.cluster.local", "TXT").to_wire()
BIG_OCTETS_LEAST = 60_000


def reply_to(packet):
    query = dns.message.from_wire(packet)
    reply = dns.message.make_response(query)
    question = query.question[0]
    if question.name.to_text() == "big.cluster.local.":
        texts = [f'"{number:03}{"x" * 247}"' for number in range(235)]
        reply.answer.append(dns.rrset.from_text(question.name, 7, "IN", "TXT", *texts))
    return reply.to_wire()


REPLIES = {packet: reply_to(packet) for packet in (QUERY, BIG)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("http2"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.sign("server", "/CN=ns.dns.cluster.local", "IP:127.0.0.1")


class Door:
    """A DoH door whose answers wait for ``is_open``; ``asked`` counts those begun, ``dropped`` those taken back."""

    def __init__(self, pair, authority):
        self._authority = authority
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.asked = self.dropped = 0
        self.refused = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        self.port = self.listener.getsockname()[1]
        context = Tls(pair.certificate, pair.key).context()
        context.set_alpn_protocols(protocols())
        self.server = DohServer([self.listener], self._answer, context, self.refused.append)

    async def _answer(self, packet, peer):
        self.asked += 1
        try:
            await self.is_open.wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        return REPLIES[packet]

    async def client(self, receive_octets=None):
        return await Http2Client.open(self.port, self._authority.certificate, receive_octets)


@pytest.fixture
async def door(pair, authority):
    made = Door(pair, authority)
    await made.server.open()
    yield made
    await made.server.close()


@pytest.fixture
async def client(door):
    async with await door.client() as made:
        yield made


@pytest.fixture
def impatient(monkeypatch):
    """Looks that come at once."""
    monkeypatch.setattr(doh_http2, "LOOK_SECONDS", 0.02)


async def test_post_and_get_are_answered_side_by_side(client):
    posted = client.post(QUERY)
    text = base64.urlsafe_b64encode(QUERY).rstrip(b"=").decode()
    got = client.begin("GET", f"/dns-query?dns={text}")
    for stream in (got, posted):
        status, fields, body = await client.response(stream)
        assert (status, body) == (200, REPLIES[QUERY])
        assert fields["content-type"] == "application/dns-message"
        assert (fields["content-length"], fields["cache-control"]) == (str(len(body)), "max-age=0")
        assert fields["date"].endswith(" GMT")


async def test_answers_come_in_the_order_in_which_they_are_there(door, client):
    door.is_open.clear()
    waiting = client.post(QUERY)
    await eventually(lambda: door.asked == 1)
    refused = client.begin("GET", "/elsewhere")
    assert (await client.response(refused))[0] == 404
    door.is_open.set()
    assert (await client.response(waiting))[0] == 200


async def test_an_answer_leaves_at_once(door, client):
    assert (await client.response(client.post(QUERY)))[0] == 200
    (connection,) = door.server._by_http2
    assert connection._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_the_settings_say_what_is_taken(client):
    await client.until(lambda: any(isinstance(event, RemoteSettingsChanged) for event in client.events))
    settings = client.h2.remote_settings
    assert (settings.max_concurrent_streams, settings.max_header_list_size) == (100, 8192)


async def test_a_body_beyond_a_message_is_refused_before_its_end(client):
    """RFC 9113 8.1: "a server MAY request that the client abort transmission of a request without error by sending a
    RST_STREAM with an error code of NO_ERROR after sending a complete response." """
    stream = client.begin("POST", "/dns-query", TYPE, end=False)
    for _ in range(5):
        await client.until(lambda: client.h2.local_flow_control_window(stream) >= 16_000)
        client.h2.send_data(stream, bytes(16_000))
        client.flush()
    status, _, body = await client.response(stream)
    assert (status, b'"status": 413' in body) == (413, True)
    await client.until(lambda: any(isinstance(event, StreamReset) for event in client.events))
    assert (await client.response(client.post(QUERY)))[0] == 200


async def test_a_large_answer_waits_for_windows(client):
    client.acknowledges = False
    first, second = client.post(BIG), client.post(BIG)
    await client.until(lambda: sum(len(e.data) for e in client.events if isinstance(e, DataReceived)) == 65_535)
    client.acknowledges = True
    client.h2.increment_flow_control_window(65_535, second)
    client.h2.increment_flow_control_window(200_000)
    client.flush()
    for stream in (first, second):
        assert (await client.response(stream))[2] == REPLIES[BIG]
    assert len(REPLIES[BIG]) > BIG_OCTETS_LEAST


async def test_many_large_answers_reach_a_slow_reader_whole(door):
    async with await door.client(receive_octets=4096) as client:
        client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1 << 20})
        client.h2.increment_flow_control_window(1 << 24)
        streams = [client.post(BIG) for _ in range(20)]
        for stream in streams:
            assert (await client.response(stream))[2] == REPLIES[BIG]


async def test_who_does_not_read_is_left(door, impatient, monkeypatch):
    monkeypatch.setattr(doh_patience, "SENT_SECONDS", 0.1)
    monkeypatch.setattr(doh_http2, "LINGERING_SECONDS", 0.1)
    async with await door.client(receive_octets=4096) as client:
        client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1 << 20})
        client.h2.increment_flow_control_window(1 << 24)
        for _ in range(50):
            client.post(BIG)
        await eventually(lambda: door.asked and not door.server.connections)
        assert door.asked < 50, "answers are made as they are read"


async def test_who_opens_no_window_is_left(impatient, client, monkeypatch):
    monkeypatch.setattr(doh_patience, "SENT_SECONDS", 0.1)
    client.acknowledges = False
    for _ in range(2):
        client.post(BIG)
    assert await client.until_closed() == ErrorCodes.NO_ERROR


@pytest.mark.parametrize("body", [b"", b"x"])
async def test_half_a_question_ends_the_connection(impatient, client, monkeypatch, body):
    monkeypatch.setattr(doh_patience, "BODY_SECONDS", 0.1)
    stream = client.begin("POST", "/dns-query", TYPE, end=False)
    client.h2.send_data(stream, body)
    client.flush()
    assert await client.until_closed() == ErrorCodes.NO_ERROR


async def test_who_asks_nothing_is_left(door, impatient, monkeypatch):
    monkeypatch.setattr(doh_patience, "FIRST_REQUEST_SECONDS", 0.1)
    async with await door.client() as client:
        assert await client.until_closed() == ErrorCodes.NO_ERROR


async def test_who_asks_nothing_more_is_left(impatient, client, monkeypatch):
    monkeypatch.setattr(doh_patience, "IDLE_SECONDS", 0.1)
    assert (await client.response(client.post(QUERY)))[0] == 200
    assert await client.until_closed() == ErrorCodes.NO_ERROR


async def test_rapid_resets_end_the_connection(door, client):
    """CVE-2023-44487: requests taken back at once stay below any limit of streams, and cost as much as others."""
    door.is_open.clear()
    for _ in range(doh_patience.RESETS_MOST + 1):
        stream = client.post(QUERY)
        client.h2.reset_stream(stream, ErrorCodes.CANCEL)
        client.flush()
    assert await client.until_closed() == ErrorCodes.ENHANCE_YOUR_CALM
    assert door.asked == door.dropped


async def test_what_is_taken_back_is_not_worked_for(door, client):
    door.is_open.clear()
    stream = client.post(QUERY)
    await eventually(lambda: door.asked == 1)
    client.h2.reset_stream(stream, ErrorCodes.CANCEL)
    client.flush()
    await eventually(lambda: door.dropped == 1)
    door.is_open.set()
    assert (await client.response(client.post(QUERY)))[0] == 200


async def test_more_streams_than_agreed_end_the_connection(client):
    await client.until(lambda: any(isinstance(event, RemoteSettingsChanged) for event in client.events))
    streams = [client.begin("POST", "/dns-query", TYPE, end=False) for _ in range(doh_http2.STREAMS_MOST)]
    frame = HeadersFrame(streams[-1] + 2, data=client.h2.encoder.encode([(":method", "GET")]), flags=["END_HEADERS"])
    client.send(frame.serialize())
    assert await client.until_closed() == ErrorCodes.PROTOCOL_ERROR


async def test_a_long_header_ends_the_connection(client):
    client.begin("GET", "/dns-query?dns=" + "A" * doh_http2.HEADER_OCTETS_MOST)
    assert await client.until_closed() == ErrorCodes.ENHANCE_YOUR_CALM


async def test_a_header_without_end_ends_the_connection(client):
    client.send(HeadersFrame(1, data=b"\x82").serialize())
    for _ in range(8):
        client.send(ContinuationFrame(1, data=bytes(8192)).serialize())
    assert await client.until_closed() == ErrorCodes.ENHANCE_YOUR_CALM


async def test_empty_pieces_of_a_header_end_the_connection(client):
    client.send(HeadersFrame(1, data=b"\x82").serialize() + ContinuationFrame(1, data=b"").serialize() * 100)
    assert await client.until_closed() == ErrorCodes.PROTOCOL_ERROR


async def test_frames_that_ask_nothing_end_the_connection(client):
    client.send(PingFrame(0, opaque_data=bytes(8)).serialize() * (doh_patience.FRAMES_MOST + 1))
    assert await client.until_closed() == ErrorCodes.ENHANCE_YOUR_CALM


async def test_many_half_bodies_end_the_connection(client):
    await client.until(lambda: any(isinstance(event, RemoteSettingsChanged) for event in client.events))
    for _ in range(doh_http2.HELD_OCTETS_MOST // 16_000 + 1):
        stream = client.begin("POST", "/dns-query", TYPE, end=False)
        await client.until(lambda: client.is_closed or client.h2.outbound_flow_control_window >= 16_000)
        client.h2.send_data(stream, bytes(16_000))
        client.flush()
    assert await client.until_closed() == ErrorCodes.ENHANCE_YOUR_CALM


async def test_what_is_no_http_2_ends_the_connection(door):
    async with await door.client() as client:
        client.send(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\0")  # RST_STREAM of a stream that never was
        client.send(b"\xff" * 64)
        assert await client.until_closed() in (ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR)


async def test_an_offer_of_a_large_table_is_not_taken(door, client):
    """RFC 7541 4.2: an encoder "can choose to use less capacity than this maximum size"."""
    client.h2.update_settings({SettingCodes.HEADER_TABLE_SIZE: 1 << 31})
    client.flush()
    assert (await client.response(client.post(QUERY)))[0] == 200
    (connection,) = door.server._by_http2
    assert connection._connection.encoder.header_table_size == doh_http2.HEADER_TABLE_OCTETS_MOST


async def test_a_fault_of_ours_is_a_500_and_logged(client, caplog, monkeypatch):
    monkeypatch.delitem(REPLIES, QUERY)
    status, _, body = await client.response(client.post(QUERY))
    assert (status, b"KeyError" in body) == (500, False)
    assert "KeyError" in caplog.text


async def test_the_end_of_the_server_answers_what_was_asked(door, client):
    """RFC 9113 6.8: "Endpoints SHOULD always send a GOAWAY frame before closing a connection so that the remote peer
    can know whether a stream has been partially processed or not." """
    door.is_open.clear()
    asked = client.post(QUERY)
    await eventually(lambda: door.asked == 1)
    ending = asyncio.ensure_future(door.server.close())
    (connection,) = door.server._by_http2
    await eventually(lambda: connection._is_finishing)
    late = client.post(QUERY)
    await eventually(lambda: connection._connection.highest_inbound_stream_id == late)
    door.is_open.set()
    assert await client.until_closed() == ErrorCodes.NO_ERROR
    assert client.seen(asked)[0] == 200
    assert client.goaway.last_stream_id == asked
    await ending


async def test_the_end_of_the_server_does_not_wait_for_ever(door, client, monkeypatch):
    monkeypatch.setattr("dnsd.admin.doh.FINISH_SECONDS", 0.05)
    door.is_open.clear()
    client.post(QUERY)
    await eventually(lambda: door.asked == 1)
    await door.server.close()
    await client.until_closed()
    assert door.dropped == 1


HEADER = Encoder().encode(
    [(":method", "POST"), (":path", "/dns-query"), (":scheme", "https"), (":authority", "x"), TYPE], huffman=False
)
FRAMES = st.builds(
    lambda kind, flags, stream, body: (
        len(body).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + body  # RFC 9113 4.1
    ),
    st.integers(0, 10),
    st.sampled_from([0, 1, 4, 5, 8, 0x24, 0x25, 255]),
    st.sampled_from([0, 1, 3, 5, 7, 2, 1 << 31]),
    st.sampled_from([b"", bytes(4), bytes(8), b"\0\0\0\x01", b"\x7f\xff\xff\xff", HEADER, QUERY, bytes(5) + HEADER])
    | st.binary(max_size=40),
)


def on_a_wire(answer, tasks, gone):
    """A connection without a socket, and its transport."""
    connection = doh_http2.Http2(answer, tasks, gone)
    transport = mock.Mock(spec=asyncio.Transport)
    transport.get_extra_info.return_value = ("192.0.2.1", 1)
    transport.is_closing.return_value = False
    connection.connection_made(transport)
    return connection, transport


async def test_nothing_is_read_while_nothing_can_be_written():
    connection, transport = on_a_wire(None, Tasks("test"), lambda _: None)
    assert connection._connection.MAX_CLOSED_STREAMS < 1000
    connection.pause_writing()
    assert transport.mock_calls[-1] == mock.call.pause_reading()
    connection.resume_writing()
    assert transport.mock_calls[-1] == mock.call.resume_reading()
    connection.connection_lost(None)


@given(st.lists(FRAMES, max_size=12), st.integers(1, 200))
@settings(deadline=None, max_examples=100)
def test_no_frames_break_it(frames, cut):
    """Whatever comes, in whatever pieces, is answered or ends the connection; nothing of it stays."""

    async def answer(packet, peer):
        return REPLIES[QUERY]

    async def converse():
        gone, tasks = [], Tasks("test")
        connection, _ = on_a_wire(answer, tasks, gone.append)
        octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0" + b"".join(frames)
        for start in range(0, len(octets), cut):
            connection.data_received(octets[start : start + cut])
            await asyncio.sleep(0)
        connection.connection_lost(None)
        await tasks.stop()
        assert gone == [connection]
        assert not tasks.failed.is_set()
        assert connection._body_octets == connection._unsent_octets == 0
        assert {*connection._requests, *connection._answers, *connection._replies} == set()

    asyncio.run(converse())
