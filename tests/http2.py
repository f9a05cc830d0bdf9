"""A client by HTTP/2 that does what a test wants, also what no client should."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded

DEADLINE_SECONDS = 20.0
TYPE = ("content-type", "application/dns-message")


class Http2Client:
    """One connection. ``events`` are all that came; with ``reads`` off nothing is taken from the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.events: list[Event] = []
        self.is_closed = False
        self.acknowledges = True
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, authority: str, receive_octets: int | None = None) -> "Http2Client":
        """Connect to 127.0.0.1 and say our settings."""
        context = ssl.create_default_context(cafile=authority)
        context.set_alpn_protocols(["h2"])
        plain = socket.socket(proto=socket.IPPROTO_TCP)  # so named, asyncio sends at once
        if receive_octets is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=plain, ssl=context, server_hostname="127.0.0.1")
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        client = cls(reader, writer)
        client.h2.initiate_connection()
        client.flush()
        return client

    async def __aenter__(self) -> "Http2Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    def flush(self) -> None:
        """Send what h2 has made."""
        self.send(self.h2.data_to_send())

    def send(self, octets: bytes) -> None:
        """Send any octets."""
        if not self._writer.transport.is_closing():
            self._writer.write(octets)

    def begin(self, method: str, target: str, *more: tuple[str, str], end: bool = True) -> int:
        """Send a request's header; its stream."""
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":path", target), (":scheme", "https"), (":authority", "localhost"), *more]
        self.h2.send_headers(stream, fields, end_stream=end)
        self.flush()
        return stream

    def post(self, body: bytes, *more: tuple[str, str]) -> int:
        """Send a whole question, in as many frames as it takes; its stream."""
        stream = self.begin("POST", "/dns-query", *(more or (TYPE,)), end=False)
        self.h2.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Read until it is true."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not is_true():
                assert not self.is_closed, f"closed after {self.events}"
                await self._read()

    async def until_closed(self) -> int | None:
        """Read until the server has closed the connection; the error of its GOAWAY, None without one."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self.is_closed:
                await self._read()
        goaway = self.goaway
        return None if goaway is None else int(goaway.error_code or 0)

    @property
    def goaway(self) -> ConnectionTerminated | None:
        """The server's last word, if it came."""
        return next((event for event in self.events if isinstance(event, ConnectionTerminated)), None)

    async def response(self, stream: int) -> tuple[int, dict[str, str], bytes]:
        """Status, fields and body of a whole response."""
        await self.until(lambda: any(isinstance(e, StreamEnded) and e.stream_id == stream for e in self.events))
        return self.seen(stream)

    def seen(self, stream: int) -> tuple[int, dict[str, str], bytes]:
        """What has come of a response so far."""
        mine = [event for event in self.events if getattr(event, "stream_id", None) == stream]
        fields = dict(next(event.headers for event in mine if isinstance(event, ResponseReceived)))
        body = b"".join(event.data for event in mine if isinstance(event, DataReceived))
        return int(fields.pop(":status")), fields, body

    async def _read(self) -> None:
        try:
            octets = await self._reader.read(65_536)
        except OSError:
            octets = b""
        if not octets:
            self.is_closed = True
            return
        new = self.h2.receive_data(octets)
        self.events += new
        for event in new:
            if isinstance(event, DataReceived) and event.flow_controlled_length and self.acknowledges:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()
