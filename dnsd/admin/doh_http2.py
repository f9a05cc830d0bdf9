"""DNS over HTTPS by HTTP/2 (RFC 9113), the least version that RFC 8484 5.2 recommends: the door to h2.

To have it: ``pip install 'dnsd[doh]'``. A connection gets the answers that HTTP/1.1 gets (``doh_message``); here is
what HTTP/2 adds: streams, windows, and bounds for those who abuse them (``doh_patience``).

Invariant: nothing is read from who does not read, so nothing piles up for him beyond HELD_OCTETS_MOST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from dnsd.admin import doh_patience as patience
from dnsd.admin.doh_message import Answer, Request, fields_of, response_to
from dnsd.admin.failures import refusal_response
from dnsd.model.message import TCP_PAYLOAD_MOST
from dnsd.runtime.tasks import Tasks

STREAMS_MOST = 100
HEADER_OCTETS_MOST = 8 * 1024
HEADER_TABLE_OCTETS_MOST = 4096
HELD_OCTETS_MOST = 256 * 1024
"""Unfinished bodies and unsent replies of one connection."""
UNSENT_OCTETS_MOST = 64 * 1024
"""No more answers are made than what exceeds this by one; what upstreams have to be asked for may exceed it by more."""
CLOSED_STREAMS_KNOWN_MOST = 2 * STREAMS_MOST
LOOK_SECONDS = 1.0
LINGERING_SECONDS = 2.0
TURN_OCTETS = 16 * 1024
"""Looked at before it is asked whether there was sense in them; a thousand of the smallest frames."""

_SETTINGS = {SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS_MOST, SettingCodes.MAX_HEADER_LIST_SIZE: HEADER_OCTETS_MOST}


class _Connection(H2Connection):
    """h2's, remembering less: 65,536 closed streams would be some MB for each connection."""

    DEFAULT_MAX_HEADER_LIST_SIZE = HEADER_OCTETS_MOST
    MAX_CLOSED_STREAMS = CLOSED_STREAMS_KNOWN_MOST


class Http2(asyncio.Protocol):
    """The server's end of a connection; ``gone`` is called with it once, when it is lost."""

    def __init__(self, answer: Answer, tasks: Tasks, gone: Callable[[Http2], None]) -> None:
        self._answer_of = answer
        self._tasks = tasks
        self._gone = gone
        self._now = asyncio.get_running_loop().time
        self._patience = patience.Patience(self._now())
        self._connection = _Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._connection.local_settings = Settings(client=False, initial_values=_SETTINGS)
        self._requests: dict[int, Request] = {}
        self._answers: dict[int, asyncio.Task[None]] = {}
        self._replies: dict[int, bytes] = {}
        self._body_octets = 0
        self._unsent_octets = 0
        self._room = asyncio.Event()
        self._last_taken = 0
        self._is_paused = False
        self._is_finishing = False
        self._is_over = False

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say our settings."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._host = transport.get_extra_info("peername")[0]
        transport.set_write_buffer_limits(high=UNSENT_OCTETS_MOST)
        self._connection.initiate_connection()
        self._flush()
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget what was asked."""
        self._is_over = True
        self._timer.cancel()
        self._forget_all()
        self._gone(self)

    def data_received(self, data: bytes) -> None:
        """Take frames, as long as they are worth it."""
        for start in range(0, len(data), TURN_OCTETS):
            if not self._is_over:
                self._take_some(data[start : start + TURN_OCTETS])
        self._send_on()

    def pause_writing(self) -> None:
        """The peer does not read: read nothing more of him, for a while."""
        self._is_paused = True
        self._transport.pause_reading()
        self._patience.expect("room", self._now() + patience.SENT_SECONDS)

    def resume_writing(self) -> None:
        """The peer has read."""
        self._is_paused = False
        self._transport.resume_reading()
        self._patience.met("room")
        self._send_on()

    # What the server says

    def finish(self) -> None:
        """Answer what was asked, nothing more, then end (RFC 9113 6.8)."""
        self._is_finishing = True
        self._send_on()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    # Events; taking each says whether it was within bounds

    def _take_some(self, octets: bytes) -> None:
        try:
            events = self._connection.receive_data(octets)
        except ProtocolError:
            self._part()  # with the GOAWAY that h2 has made of it
            return
        if not self._patience.has_room_for(len(octets), bool(events)) or not all(map(self._take, events)):
            self._end(ErrorCodes.ENHANCE_YOUR_CALM)

    def _take(self, event: Event) -> bool:
        if isinstance(event, RequestReceived):
            self._begin(event)
            return True
        if isinstance(event, DataReceived):
            return self._add(event) and (bool(event.data) or self._patience.has_room_for_frame())
        if isinstance(event, StreamEnded):
            self._ask(event.stream_id)
            return True
        if isinstance(event, StreamReset):
            self._forget(event.stream_id)
            return self._patience.has_room_for_reset(self._now())
        if isinstance(event, ConnectionTerminated):
            self._part()
        elif isinstance(event, RemoteSettingsChanged):
            # A larger table is an offer (RFC 7541 4.2): kept for a peer who offers gigabytes, it would be searched.
            encoder = self._connection.encoder
            encoder.header_table_size = min(encoder.header_table_size, HEADER_TABLE_OCTETS_MOST)
        return self._patience.has_room_for_frame()

    def _begin(self, event: RequestReceived) -> None:
        if self._is_finishing:
            return  # its number is above the one in GOAWAY: the client may ask elsewhere
        self._last_taken = event.stream_id
        fields = {str(name): str(text) for name, text in event.headers}
        self._requests[event.stream_id] = Request(
            fields.get(":method", ""), fields.get(":path", ""), fields.get("content-type", "")
        )
        self._patience.expect(("body", event.stream_id), self._now() + patience.BODY_SECONDS)

    def _add(self, event: DataReceived) -> bool:
        if event.flow_controlled_length:
            self._connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        request = self._requests.get(event.stream_id)
        if request is None:
            return True
        request.body += event.data
        self._body_octets += len(event.data)
        if len(request.body) > TCP_PAYLOAD_MOST:
            self._forget(event.stream_id)
            self._reply(event.stream_id, refusal_response(web.HTTPRequestEntityTooLarge(TCP_PAYLOAD_MOST, 0)))
        return self._is_bearable()

    def _is_bearable(self) -> bool:
        return self._body_octets + self._unsent_octets <= HELD_OCTETS_MOST

    def _ask(self, stream_id: int) -> None:
        request = self._requests.get(stream_id)
        if request is not None:
            self._patience.met(("body", stream_id))
            self._patience.asked(self._now())
            self._answers[stream_id] = self._tasks.start("answer", self._answer(stream_id, request))

    async def _answer(self, stream_id: int, request: Request) -> None:
        while self._unsent_octets >= UNSENT_OCTETS_MOST:
            self._room.clear()
            await self._room.wait()
        response = await response_to(request, self._answer_of, self._host)
        self._forget(stream_id, is_answered=True)
        self._reply(stream_id, response, has_body=request.method != "HEAD")
        self._send_on()
        if not self._is_bearable():
            self._end(ErrorCodes.ENHANCE_YOUR_CALM)

    # Sending

    def _reply(self, stream_id: int, response: web.Response, *, has_body: bool = True) -> None:
        """Send a response's header; its body leaves as the peer's windows let it."""
        body = response.body
        assert isinstance(body, bytes)
        try:
            self._connection.send_headers(stream_id, fields_of(response), end_stream=not has_body)
        except ProtocolError:
            return  # the stream was reset, or all has ended
        if not has_body:
            return
        self._replies[stream_id] = body
        self._unsent_octets += len(body)
        self._patience.expect(("reply", stream_id), self._now() + patience.SENT_SECONDS)

    def _send_on(self) -> None:
        """Send of the replies what there is room for; what comes after the last one when the server ends."""
        for stream_id in list(self._replies):
            self._send_some(stream_id)
        self._flush()
        if self._unsent_octets < UNSENT_OCTETS_MOST:
            self._room.set()
        if self._is_finishing and not (self._requests or self._answers or self._replies or self._is_over):
            self._end(ErrorCodes.NO_ERROR)

    def _send_some(self, stream_id: int) -> None:
        rest = self._replies[stream_id]
        while rest and not self._is_paused and not self._is_over:
            room = min(self._connection.local_flow_control_window(stream_id), self._connection.max_outbound_frame_size)
            if room <= 0:
                break
            piece, rest = rest[:room], rest[room:]
            self._connection.send_data(stream_id, piece, end_stream=not rest)
            self._unsent_octets -= len(piece)
            self._flush()
        self._replies[stream_id] = rest
        if not rest:
            self._sent(stream_id)

    def _sent(self, stream_id: int) -> None:
        del self._replies[stream_id]
        self._patience.met(("reply", stream_id))
        if not self._connection.streams[stream_id].closed:
            # An answer before the end of a request: the rest of it is not wanted (RFC 9113 8.1).
            self._connection.reset_stream(stream_id, ErrorCodes.NO_ERROR)

    def _flush(self) -> None:
        octets = self._connection.data_to_send()
        if octets and not self._transport.is_closing():
            self._transport.write(octets)

    # Ending

    def _forget(self, stream_id: int, *, is_answered: bool = False) -> None:
        """Let go of what there is of a stream; of its task too, unless that is who says so."""
        request = self._requests.pop(stream_id, None)
        self._body_octets -= len(request.body) if request is not None else 0
        self._unsent_octets -= len(self._replies.pop(stream_id, b""))
        self._patience.met(("body", stream_id))
        self._patience.met(("reply", stream_id))
        task = self._answers.pop(stream_id, None)
        if task is not None and not is_answered:
            task.cancel()

    def _forget_all(self) -> None:
        for stream_id in [*self._requests, *self._replies]:
            self._forget(stream_id)

    def _look(self) -> None:
        """Once a second: end with who lets us wait."""
        if self._patience.is_over(self._now()):
            self._end(ErrorCodes.NO_ERROR)
        else:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _end(self, why: ErrorCodes) -> None:
        """Say GOAWAY and part."""
        if not self._is_over:
            self._connection.close_connection(why, last_stream_id=self._last_taken)
            self._part()

    def _part(self) -> None:
        """Send what there is, then close; somebody who does not take it is not waited for."""
        if self._is_over:
            return
        self._is_over = True
        self._forget_all()
        self._flush()
        self._transport.close()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LINGERING_SECONDS, self._transport.abort)
