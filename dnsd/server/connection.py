"""One TCP connection: messages behind two octets of length (RFC 1035 4.2.2), several at once (RFC 7766 6.2.1.1).

Answers are made as messages arrive; "in flight" are those that the peer has not read yet, and as long as there are
such, nothing more is read; and those that an upstream has to be asked for, at most 16, which hold up nothing else:
they go out when they are there, in any order. A zone transfer is an answer of many messages: one is made at a time,
when the peer has taken the one before, and others have their turn in between.

Invariant: a connection is answered or closed, never held.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Protocol

READ_OCTETS = 4096
"""Taken at once: some hundred queries, half a millisecond of work, then others have their turn."""
ANSWERS_MOST = 16
"""Answers made before they are sent, and answers waited for."""
UNSENT_OCTETS_MOST = 65_536
"""No more answers are made at once than what exceeds this by one."""
WHOLE_MESSAGE_SECONDS = 2.0
STALLED_SECONDS = 8.0
"""So long may a peer leave answers unread: with the time until it stalls and until the sweep, less than 10 s."""
_MESSAGE_OCTETS_LEAST = 12
_LENGTH_OCTETS = 2


class Later:
    """A reply that is not there yet: :meth:`send` gives it to whom :meth:`then` has named."""

    def __init__(self) -> None:
        self._take: Callable[[bytes], None] | None = None

    def then(self, take: Callable[[bytes], None]) -> None:
        """Call ``take`` with the reply, once."""
        self._take = take

    def send(self, reply: bytes) -> None:
        """Here it is; nothing when there will be none."""
        if self._take is not None:
            self._take(reply)


class Host(Protocol):
    """What a connection needs of the server that it belongs to."""

    def now(self) -> float:
        """Monotonic seconds."""

    def answer(self, packet: bytes, peer: bytes) -> bytes | Later | Iterator[bytes]:
        """The reply to a message, nothing when there is none; or many, for which ``transferred`` tells the end."""

    def transferred(self) -> None:
        """An answer of many messages has ended, or never will."""

    def served(self, connection: Connection) -> None:
        """A whole message has come."""

    def watch(self, connection: Connection, *, is_reading: bool, is_writing: bool) -> None:
        """Call ``read`` or ``write`` when the socket is ready for it."""

    def hold(self, octets: int) -> bool:
        """Account for so many octets kept in memory, or given back (negative). False: that is too much."""

    def leave(self, connection: Connection, reason: str) -> None:
        """The connection has closed itself; ``reason`` is empty when the peer wanted it so."""


class Connection:
    """One peer, ``peer`` its address octets; ``client``: what its connections are counted under."""

    __slots__ = (
        "_buffer",
        "_held",
        "_host",
        "_is_ended",
        "_is_open",
        "_is_reading",
        "_is_writing",
        "_since",
        "_socket",
        "_stream",
        "_unsent",
        "_waits",
        "client",
        "descriptor",
        "peer",
    )

    def __init__(self, connected: socket.socket, peer: bytes, client: bytes, host: Host) -> None:
        self.peer = peer
        self.client = client
        self.descriptor = connected.fileno()
        self._socket = connected
        self._host = host
        self._buffer = bytearray()
        self._unsent = b""
        self._stream: Iterator[bytes] | None = None
        self._held = 0
        self._waits = 0
        self._is_reading = True
        self._is_writing = False
        self._is_ended = False
        self._is_open = True
        self._since = host.now()

    @property
    def is_owed(self) -> bool:
        """True while there are answers that the peer has not read."""
        return bool(self._unsent) or self._stream is not None

    def read(self) -> None:
        """Take what has come and answer it."""
        try:
            chunk = self._socket.recv(READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close("")
            return
        if chunk:
            if not self._buffer:
                self._since = self._host.now()
            self._buffer += chunk
        else:
            self._is_ended = True
        self._advance()

    def write(self) -> None:
        """Send on, now that the peer has read; when all is sent, answer on."""
        if self._unsent and (not self._send(b"") or self._unsent):
            return
        self._since = self._host.now()
        if self._stream is not None:
            self._draw(self._stream)
        else:
            self._advance()

    def finish(self) -> None:
        """Answer what has come, send what is owed, then close: the server wants to end."""
        if not self.is_owed:
            self.read()
        self._is_ended = True
        if not self.is_owed and not self._waits:
            self.close("")

    def overdue(self, now: float, idle_seconds: float, patience: float = 1.0) -> str:
        """Why this connection should be closed now, nothing when it should not; ``patience`` stretches the limits."""
        waited = now - self._since
        if self._unsent:
            return "stalled" if waited >= STALLED_SECONDS * patience else ""
        if self._stream is not None or self._waits:
            return ""
        if self._buffer:
            return "slow" if waited >= WHOLE_MESSAGE_SECONDS * patience else ""
        return "idle" if waited >= idle_seconds else ""

    def close(self, reason: str) -> None:
        """End it."""
        if not self._is_open:
            return
        self._is_open = False
        self._end_stream()
        self._host.hold(-self._held)
        self._host.leave(self, reason)
        self._socket.close()

    def _advance(self) -> None:
        """Answer whole messages until there is none left or the peer does not read."""
        while self._is_open and not self.is_owed:
            replies, has_fault = self._answer_some()
            if replies and not self._send(b"".join(replies)):
                return
            if has_fault:
                self.close("malformed")
            elif not replies:
                break
        if not self._is_open:
            return
        if self._is_ended and not self.is_owed and not self._waits:
            self.close("")
            return
        self._watch()
        self._account()

    def _take_late(self, reply: bytes) -> None:
        """Send an answer that was waited for, and answer on where that had stopped."""
        self._waits -= 1
        if not self._is_open:
            return
        self._since = self._host.now()
        if not reply:
            self.close("malformed")
        elif self._send(len(reply).to_bytes(_LENGTH_OCTETS) + reply):
            self._advance()

    def _draw(self, stream: Iterator[bytes]) -> None:
        """Send the next message of a transfer; an empty one is a breath."""
        message = next(stream, None)
        if message is None:
            self._end_stream()
            self._watch()
            self._advance()
        elif message:
            self._send(len(message).to_bytes(_LENGTH_OCTETS) + message)

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream = None
            self._host.transferred()

    def _watch(self) -> None:
        """Have the socket looked at for reading or for writing, whichever is next."""
        is_writing = self.is_owed
        is_reading = not is_writing and self._waits < ANSWERS_MOST and not self._is_ended
        if is_writing != self._is_writing or is_reading != self._is_reading:
            self._is_writing, self._is_reading = is_writing, is_reading
            self._host.watch(self, is_reading=is_reading, is_writing=is_writing)

    def _answer_some(self) -> tuple[list[bytes], bool]:
        """Replies to the next messages, each with its length; True when what follows them is no message."""
        replies: list[bytes] = []
        buffer, start, size, has_fault = self._buffer, 0, 0, False
        while len(replies) < 2 * ANSWERS_MOST and size < UNSENT_OCTETS_MOST and len(buffer) - start >= _LENGTH_OCTETS:
            if self._waits >= ANSWERS_MOST:
                break
            length = buffer[start] << 8 | buffer[start + 1]
            end = start + _LENGTH_OCTETS + length
            if length < _MESSAGE_OCTETS_LEAST:
                has_fault = True
                break
            if end > len(buffer):
                break
            reply = self._host.answer(bytes(buffer[start + _LENGTH_OCTETS : end]), self.peer)
            start = end
            if isinstance(reply, Later):
                self._waits += 1
                reply.then(self._take_late)
                continue
            if not isinstance(reply, bytes):
                self._stream = reply
                break
            if not reply:
                has_fault = True
                break
            replies += (len(reply).to_bytes(_LENGTH_OCTETS), reply)
            size += len(reply)
        if start:
            del buffer[:start]
            self._since = self._host.now()
            self._host.served(self)
        return replies, has_fault

    def _send(self, replies: bytes) -> bool:
        """Send what waits and then these; what the peer has no room for waits. False when that ended the connection."""
        waiting = self._unsent + replies if self._unsent else replies
        try:
            sent = self._socket.send(waiting)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close("")
            return False
        had_unsent = bool(self._unsent)
        self._unsent = waiting[sent:] if sent < len(waiting) else b""
        self._watch()
        if had_unsent or self._unsent:
            return self._account()
        return True

    def _account(self) -> bool:
        """Tell how much is kept. False when that is too much, and the connection was closed for it."""
        kept = len(self._buffer) + len(self._unsent)
        change, self._held = kept - self._held, kept
        if change and not self._host.hold(change) and change > 0:
            self.close("memory")
            return False
        return True
