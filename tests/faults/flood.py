"""A flood of questions in a process of its own: ``sendmmsg`` from one socket or, as if spoofed, from a whole network.

``python flood.py HOST PORT SECONDS RATE SOURCE[,SOURCE…] NAME[,NAME…]``: RATE 0 is as fast as it goes; a NAME that
begins with ``????????????????`` has sixteen random characters there, new in every packet. Nothing is ever received.
Prints how many were sent.
"""

import ctypes
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

VOLLEY = 64
RANDOM = "?" * 16
_OPT = b"\0\0\x29\4\xd0\0\0\0\0\0\0"
_HEADER_OCTETS = 12


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("octets", ctypes.c_size_t))


class _Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_octets", ctypes.c_uint),
        ("iovecs", ctypes.c_void_p),
        ("iovec_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_octets", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Header(ctypes.Structure):
    """``struct mmsghdr``: nested, because the inner one's padding counts."""

    _fields_ = (("message", _Message), ("sent", ctypes.c_uint))


def question(number: int, name: str) -> bytes:
    """A query for A with an OPT of 1232 octets."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 1) + labels + b"\0" + struct.pack("!2H", 1, 1) + _OPT


class Volley:
    """So many packets, laid out once."""

    def __init__(self, names: Sequence[str]) -> None:
        packets = [question(random.randrange(65_536), names[index % len(names)]) for index in range(VOLLEY)]
        self.memory = bytearray(b"".join(packets))
        start, self.random_at = 0, []
        self._iovecs, self.headers = (_Iovec * VOLLEY)(), (_Header * VOLLEY)()
        self._block = (ctypes.c_char * len(self.memory)).from_buffer(self.memory)
        for index, packet in enumerate(packets):
            if RANDOM.encode() in packet:
                self.random_at.append(start + _HEADER_OCTETS + 1)
            self._iovecs[index] = _Iovec(ctypes.addressof(self._block) + start, len(packet))
            self.headers[index].message.iovecs = ctypes.addressof(self._iovecs) + index * ctypes.sizeof(_Iovec)
            self.headers[index].message.iovec_count = 1
            start += len(packet)

    def renew(self) -> None:
        """New random names."""
        letters = os.urandom(8 * len(self.random_at)).hex().encode()
        for index, at in enumerate(self.random_at):
            self.memory[at : at + 16] = letters[16 * index : 16 * index + 16]


def main(host: str, port: str, seconds: str, rate: str, sources: str, names: str) -> None:
    """Flood, then say how much it was."""
    sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg
    volley, sockets = Volley(names.split(",")), []
    for source in sources.split(","):
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sockets[-1].bind((source, 0))
        sockets[-1].connect((host, int(port)))
    sent, start, turn = 0, time.monotonic(), 0
    print("ready", flush=True)
    while (elapsed := time.monotonic() - start) < float(seconds):
        if int(rate) and sent > elapsed * int(rate):
            time.sleep(0.001)
            continue
        volley.renew()
        turn += 1
        sent += max(0, sendmmsg(sockets[turn % len(sockets)].fileno(), ctypes.byref(volley.headers), VOLLEY, 0))
    print(json.dumps({"sent": sent, "seconds": time.monotonic() - start}))


@contextmanager
def flood(
    address: tuple[str, int],
    names: Sequence[str],
    seconds: float,
    rate: int = 0,
    sources: Sequence[str] = ("127.0.0.9",),
) -> Iterator["subprocess.Popen[str]"]:
    """A flood that has begun; it ends by itself, or with the block."""
    words = [address[0], str(address[1]), str(seconds), str(rate), ",".join(sources), ",".join(names)]
    with subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def sent_by(started: "subprocess.Popen[str]") -> int:
    """How many packets it was, once it is over."""
    assert started.stdout is not None
    return int(json.loads(started.stdout.readline())["sent"])


if __name__ == "__main__":
    main(*sys.argv[1:])
