"""How long reading a question takes, way by way: ``python tests/bench/bench_scan.py``. Microseconds, best of 7.

``read_query`` is the complete scanner; "the fast way's reading" is what ``respond`` does for plain queries instead.
"""

import timeit
from collections.abc import Callable

import questions

from dnsd.answer.scan import HEADER_OCTETS, PLAIN, read_query
from dnsd.codec.wire import read_message
from dnsd.model.errors import MalformedQuery

NAME = "_http._tcp.orders.team-7.svc.cluster.local"
LONGEST = ".".join(["a" * 61] * 4)
MOST_LABELS = ".".join(["a"] * 126)
COOKIE = bytes(range(24))
ROUNDS, CALLS = 7, 20_000


def main() -> None:
    """Print one line a kind of packet."""
    packets = {
        "plain": questions.packet((NAME, "SRV")),
        "with a cookie": questions.packet((NAME, "SRV"), COOKIE),
        "the longest name": questions.packet((LONGEST, "A")),
        "most labels": questions.packet((MOST_LABELS, "A")),
        "cut short": questions.packet((NAME, "SRV"))[:-2],
        "a pointer for a name": b"\0\0\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
    }
    for title, packet in packets.items():
        report(title, lambda packet=packet: _read(packet))
    report("plain, the fast way's reading", lambda: _read_fast(packets["plain"]))
    report("plain, dnslib", lambda: read_message(packets["plain"]), CALLS // 20)


def report(title: str, call: Callable[[], object], calls: int = CALLS) -> None:
    """Time it."""
    print(f"{title:32} {min(timeit.repeat(call, number=calls, repeat=ROUNDS)) / calls * 1e6:6.2f} us")


def _read(packet: bytes) -> object:
    try:
        return read_query(packet)
    except MalformedQuery as fault:
        return fault


def _read_fast(packet: bytes) -> tuple[int, bytes, bytes]:
    """The steps of ``respond`` up to its look-up."""
    head = PLAIN[packet[2:12]]
    end = packet.find(b"\0", HEADER_OCTETS) + 1
    return head, packet[HEADER_OCTETS:end].lower(), packet[end : end + 4]


if __name__ == "__main__":
    main()
