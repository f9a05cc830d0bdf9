"""What a datagram costs in Python, way by way: ``python tests/bench/bench_mmsg.py``. Nanoseconds a datagram, best of 7.

Not a test: it measures the ways that were tried for each step of ``dnsd/server/mmsg.py`` and ``udp.py``, so that a
change of either can show what it gains.
"""

import ctypes
import mmap
import random
import socket
import struct
import time
import timeit
from array import array
from collections import Counter, defaultdict
from itertools import accumulate
from operator import itemgetter

from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.datagrams import BATCH, PlainDatagrams
from dnsd.server.mmsg import open_datagrams

PACKET_OCTETS = 50
REPLY = bytes(100)
STRIDE = 4096


def report(name: str, statement, number: int = 2000) -> None:
    best = min(timeit.repeat(statement, number=number, repeat=7)) / number / BATCH
    print(f"  {name:52s} {best * 1e9:7.0f} ns")


def packets() -> None:
    print("a packet out of the receive buffer, as bytes")
    starts, lengths = range(0, BATCH * STRIDE, STRIDE), [PACKET_OCTETS] * BATCH
    mapped, plain = mmap.mmap(-1, BATCH * STRIDE), bytearray(BATCH * STRIDE)
    characters = (ctypes.c_char * (BATCH * STRIDE))()
    view, address = memoryview(plain), ctypes.addressof(characters)
    report("slice of an mmap", lambda: [mapped[a : a + n] for a, n in zip(starts, lengths, strict=True)])
    report("slice of a ctypes array", lambda: [characters[a : a + n] for a, n in zip(starts, lengths, strict=True)])
    report("memoryview.tobytes", lambda: [view[a : a + n].tobytes() for a, n in zip(starts, lengths, strict=True)])
    report("bytes(memoryview)", lambda: [bytes(view[a : a + n]) for a, n in zip(starts, lengths, strict=True)])
    report("ctypes.string_at", lambda: [ctypes.string_at(address + a, n) for a, n in zip(starts, lengths, strict=True)])


def headers() -> None:
    print("lengths and peers out of 64 headers")
    block = bytearray(64 * BATCH)
    integers, layout = memoryview(block).cast("I"), struct.Struct("56xI4x" * BATCH)
    names, peers = bytearray(16 * BATCH), struct.Struct("4x4s8x" * BATCH)
    report("lengths: strided view, tolist", lambda: integers[14::16].tolist())
    report("lengths: one struct", lambda: layout.unpack_from(block))
    report("peers: one struct", lambda: peers.unpack_from(names))
    report("peers: slices", lambda: [bytes(names[a + 4 : a + 8]) for a in range(0, 16 * BATCH, 16)])


def replies() -> None:
    print("a reply into the vectors")
    made, out = [REPLY] * BATCH, mmap.mmap(-1, 1 << 20)
    words = memoryview(bytearray(16 * BATCH)).cast("L")
    starts = range(0, BATCH * STRIDE, STRIDE)

    def joined() -> None:
        octets, lengths = b"".join(made), list(map(len, made))
        out[: len(octets)] = octets
        words[1::2] = array("L", lengths)
        words[0::2] = array("L", accumulate(lengths[:-1], initial=1))

    def slots() -> None:
        for start, each in zip(starts, made, strict=True):
            out[start : start + len(each)] = each
        words[1::2] = array("L", map(len, made))

    def pointers() -> None:
        words[0::2] = array("L", [id(each) + 32 for each in made])
        words[1::2] = array("L", map(len, made))

    report("joined and copied at once", joined)
    report("copied one by one", slots)
    report("pointed at where they are (CPython's own layout)", pointers)


def counting() -> None:
    print("counting type and flags")
    made, keys = [REPLY] * BATCH, [b"\0\1\0\1"] * 40 + [b"\0\x1c\0\1"] * 24
    flags, by_key, both = Counter(), Counter(), defaultdict(int)
    flags_of = itemgetter(slice(2, 4))

    def one_by_one() -> None:
        for each, key in zip(made, keys, strict=True):
            both[key, each[3] & 15] += 1

    report("Counter.update, twice", lambda: (flags.update(map(flags_of, made)), by_key.update(keys)))
    report("one dict of pairs", one_by_one)
    report("32 random bits: randbytes", lambda: memoryview(random.randbytes(4 * BATCH)).cast("I").tolist())
    report("32 random bits: getrandbits", lambda: [random.getrandbits(32) for _ in range(BATCH)])


def doors() -> None:
    print("both doors on loopback, the kernel's share included")
    for host, name in (("127.0.0.1", "one address"), ("0.0.0.0", "wildcard, source address kept")):
        for open_door in (open_datagrams, PlainDatagrams):
            with (
                bind(Address(host, 0), socket.SOCK_DGRAM, "", is_shared=False) as udp,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
            ):
                client.connect(("127.0.0.1", udp.getsockname()[1]))
                door = open_door(udp)
                taking, giving = _time_door(door, client)
                print(f"  {type(door).__name__:16s} {name:35s} {taking:7.0f} ns in, {giving:7.0f} ns out")


def _time_door(door, client: socket.socket, rounds: int = 200) -> tuple[float, float]:
    taking = giving = 0.0
    for _ in range(rounds):
        for _ in range(BATCH):
            client.send(bytes(PACKET_OCTETS))
        start = time.perf_counter()
        taken = len(door.receive())
        middle = time.perf_counter()
        door.send([REPLY] * taken)
        end = time.perf_counter()
        taking, giving = taking + middle - start, giving + end - middle
        for _ in range(taken):
            client.recv(STRIDE)
    return taking / rounds / BATCH * 1e9, giving / rounds / BATCH * 1e9


if __name__ == "__main__":
    for part in (packets, headers, replies, counting, doors):
        part()
