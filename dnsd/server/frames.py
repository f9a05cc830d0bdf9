"""Messages over a pair of sockets that outlive the processes at both ends.

A message is any plain value, marshalled: both ends are the same dnsd under the same Python, children of one parent that
made the pair and gave it to nobody else, so nothing foreign is ever unmarshalled. It travels in frames of bounded size,
because a message of SOCK_SEQPACKET must fit the socket's buffer.

Invariant: the parent keeps both ends, so a new process takes over wherever the old one fell. Every frame says whether
it begins and whether it ends a message; what has lost its beginning or its end is left out by the reader.
"""

from __future__ import annotations

import marshal
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any

FRAME_OCTETS = 48 * 1024
BUFFER_OCTETS = 1 << 20
FRAMES_A_TURN = 8
"""So many frames at most are sent or taken in, some milliseconds of work; then the loop serves others."""
_BEGINS = 1
_ENDS = 2

Message = tuple[Any, ...]


def feed_pair() -> tuple[socket.socket, socket.socket]:
    """Control's end and the responder's end, for the parent to make and to keep."""
    try:
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        # macOS has no SOCK_SEQPACKET; its datagrams between local sockets are as reliable and as ordered.
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in pair:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_OCTETS)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_OCTETS)
    return pair


def packed(message: Message) -> bytes:
    """A message as octets, for :meth:`Outbox.put`."""
    return marshal.dumps(message)


class Outbox:
    """Messages on their way out; a load is drawn message by message, only as fast as the other end takes it."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._queue: deque[bytes] = deque()
        self._load: Iterator[bytes] | None = None
        self._frames: deque[bytes] = deque()
        self.queued_octets = 0

    def __bool__(self) -> bool:
        return bool(self._frames or self._queue or self._load is not None)

    def put(self, octets: bytes) -> None:
        """Send this message behind all others."""
        self._queue.append(octets)
        self.queued_octets += len(octets)

    def put_load(self, messages: Iterator[bytes]) -> None:
        """Forget all that waits and send these, then what is put from now on."""
        self._queue.clear()
        self._frames.clear()
        self.queued_octets = 0
        self._load = messages

    def send(self) -> None:
        """Send what the other end takes now, at most a turn's worth. Raises OSError when there is no other end."""
        for _ in range(FRAMES_A_TURN):
            if not self._frames and not self._draw():
                return
            try:
                self._end.send(self._frames[0])
            except (BlockingIOError, InterruptedError):
                return
            self._frames.popleft()

    def _draw(self) -> bool:
        """Cut the next message into frames; False when there is none."""
        octets = next(self._load, None) if self._load is not None else None
        if octets is None:
            self._load = None
            if not self._queue:
                return False
            octets = self._queue.popleft()
            self.queued_octets -= len(octets)
        starts = range(0, len(octets), FRAME_OCTETS)
        for start in starts:
            mark = (_BEGINS if start == 0 else 0) | (_ENDS if start == starts[-1] else 0)
            self._frames.append(bytes((mark,)) + octets[start : start + FRAME_OCTETS])
        return True


class Inbox:
    """Messages on their way in."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._parts: list[bytes] | None = None
        self.is_ended = False

    def receive(self) -> Iterator[Message]:
        """The messages that have come whole, at most a turn's worth."""
        for _ in range(FRAMES_A_TURN):
            try:
                frame = self._end.recv(FRAME_OCTETS + 1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                frame = b""
            if not frame:
                self.is_ended = True
                return
            octets = self._join(frame)
            if octets is not None:
                yield marshal.loads(octets)  # noqa: S302 - see the module's docstring

    def _join(self, frame: bytes) -> bytes | None:
        """The message that this frame completes, if it does."""
        mark = frame[0]
        if mark & _BEGINS:
            self._parts = []
        if self._parts is None:
            return None
        self._parts.append(frame[1:])
        if not mark & _ENDS:
            return None
        octets, self._parts = b"".join(self._parts), None
        return octets
