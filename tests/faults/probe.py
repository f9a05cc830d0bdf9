"""The *probe* of every fault test: a steady trickle of questions whose answers are known, each checked, in threads."""

import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

UDP_A_SECOND, TCP_A_SECOND = 50, 5
PATIENCE_SECONDS = 3.0
"""A question without an answer for so long is unanswered. Loopback loses nothing, a busy machine is late."""

Truth = Mapping[str, Iterable[str]]


@dataclass(frozen=True)
class Wrong:
    """One answer that should not have been; ``at`` in monotonic seconds, ``what`` begins with its kind."""

    at: float
    transport: str
    name: str
    what: str


@dataclass
class Tally:
    """What came back."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take another one's numbers to one's own."""
        self.asked.update(other.asked)
        self.answered.update(other.answered)
        self.wrong += other.wrong
        self.latencies += other.latencies

    def gap(self) -> float:
        """The longest time without an answer over UDP, in seconds."""
        return max((late - early for early, late in pairwise(self.answered_at)), default=0.0)

    def percentile(self, share: float) -> float:
        """Seconds that this share of the UDP answers took at most."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def within(self, start: float, end: float) -> "Tally":
        """The UDP answers that came between two moments, in monotonic seconds, and how long they took."""
        pairs = [(at, took) for at, took in zip(self.answered_at, self.latencies, strict=True) if start <= at <= end]
        return Tally(answered_at=[at for at, _ in pairs], latencies=[took for _, took in pairs])

    def kinds(self) -> Counter[str]:
        """How often each kind of wrong answer came."""
        return Counter(each.what.partition(" ")[0] for each in self.wrong)

    def assert_flawless(self) -> None:
        """Every question was answered, with the truth. That there were questions is checked too."""
        assert not self.wrong, f"{self.kinds()} of {dict(self.asked)}, first {self.wrong[:3]}"
        assert self.asked == self.answered
        assert self.asked


class Probe:
    """Asks ``address`` for A of the names of ``truth`` in turn while it is entered.

    ``truth``: name -> its addresses; ``also``: other sets that may be answered meanwhile, by name. Both may be changed
    by the test at any moment, by assigning a whole new value to a name.
    """

    def __init__(
        self, address: tuple[str, int], truth: Truth, udp: int = UDP_A_SECOND, tcp: int = TCP_A_SECOND
    ) -> None:
        self.tally = Tally()
        self.truth = {name: frozenset(addresses) for name, addresses in truth.items()}
        self.also: dict[str, list[frozenset[str]]] = {}
        self._address = address
        self._rates = {"UDP": udp, "TCP": tcp}
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask_udp), threading.Thread(target=self._ask_tcp)]

    def __enter__(self) -> "Probe":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def assert_flawless(self) -> None:
        """Every question was answered, with the truth. That there were questions is checked too."""
        tally = self.tally
        tally.assert_flawless()
        assert all(tally.asked[transport] for transport, rate in self._rates.items() if rate)

    def assert_never(self, kind: str) -> None:
        """No answer of this kind came."""
        found = [each for each in self.tally.wrong if each.what.startswith(kind)]
        assert not found, f"{len(found)} times, first {found[:3]}"

    def _names(self) -> Iterable[str]:
        while True:
            yield from list(self.truth)

    def _note(self, transport: str, name: str, what: str) -> None:
        self.tally.wrong.append(Wrong(time.monotonic(), transport, name, what))

    def _check(self, transport: str, name: str, allowed: list[frozenset[str]], reply: bytes) -> None:
        self.tally.answered[transport] += 1
        what = verdict(reply, [*allowed, self.truth.get(name, frozenset()), *self.also.get(name, [])])
        if what:
            self._note(transport, name, what)

    def _allowed(self, name: str) -> list[frozenset[str]]:
        return [self.truth[name], *self.also.get(name, [])]

    def _ask_udp(self) -> None:
        if not self._rates["UDP"]:
            return
        waiting: dict[int, tuple[float, str, list[frozenset[str]]]] = {}
        names, number, due = iter(self._names()), 0, time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, selectors.DefaultSelector() as selector:
            sock.connect(self._address)
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ)
            while not self._ending.is_set() or waiting:
                now = time.monotonic()
                if now >= due and not self._ending.is_set():
                    due = max(due + 1 / self._rates["UDP"], now - 0.1)
                    number, name = (number + 1) % 65_536, next(names)
                    waiting[number] = now, name, self._allowed(name)
                    self.tally.asked["UDP"] += 1
                    self._send(sock, question(number, name), name, waiting, number)
                selector.select(max(0.0, min(due - time.monotonic(), 0.02)))
                self._receive(sock, waiting)
                self._give_up(waiting)

    def _send(self, sock: socket.socket, packet: bytes, name: str, waiting: dict[int, object], number: int) -> None:
        try:
            sock.send(packet)
        except OSError as fault:
            waiting.pop(number)
            self._note("UDP", name, f"refused ({fault})")

    def _receive(self, sock: socket.socket, waiting: dict[int, tuple[float, str, list[frozenset[str]]]]) -> None:
        while True:
            try:
                reply = sock.recv(65_535)
            except BlockingIOError:
                return
            except OSError:
                continue  # a closed port, told once; what waits is given up in time
            entry = waiting.pop(int.from_bytes(reply[:2], "big"), None)
            if entry is not None:
                self.tally.answered_at.append(time.monotonic())
                self.tally.latencies.append(self.tally.answered_at[-1] - entry[0])
                self._check("UDP", entry[1], entry[2], reply)

    def _give_up(self, waiting: dict[int, tuple[float, str, list[frozenset[str]]]]) -> None:
        over = time.monotonic() - PATIENCE_SECONDS
        for number in [number for number, entry in waiting.items() if entry[0] < over]:
            self._note("UDP", waiting.pop(number)[1], "unanswered")

    def _ask_tcp(self) -> None:
        names = iter(self._names())
        pause = 0.0
        while self._rates["TCP"] and not self._ending.wait(pause):
            pause, name = 1 / self._rates["TCP"], next(names)
            allowed = self._allowed(name)
            self.tally.asked["TCP"] += 1
            try:
                reply = ask_tcp(self._address, question(1, name))
            except OSError as fault:
                self._note("TCP", name, f"unanswered ({fault})")
            else:
                self._check("TCP", name, allowed, reply)


def question(number: int, name: str, rtype: int = 1) -> bytes:
    """A query without EDNS, as glibc sends it."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", rtype, 1)


def ask_tcp(address: tuple[str, int], packet: bytes) -> bytes:
    """The reply over a connection of its own. Raises OSError."""
    with socket.create_connection(address, PATIENCE_SECONDS) as connection, connection.makefile("rb") as stream:
        connection.sendall(len(packet).to_bytes(2, "big") + packet)
        octets = stream.read(int.from_bytes(stream.read(2), "big"))
        if not octets:
            raise ConnectionError("closed without an answer")
        return octets


def ask_udp(address: tuple[str, int], name: str, seconds: float = PATIENCE_SECONDS) -> bytes:
    """The reply to one question for A. Raises OSError, TimeoutError too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        sock.connect(address)
        sock.send(question(1, name))
        return sock.recv(65_535)


def verdict(reply: bytes, allowed: list[frozenset[str]]) -> str:
    """What is wrong with a reply; "" when its A records are one of the sets."""
    try:
        message = dns.message.from_wire(reply)
    except dns.exception.DNSException as fault:
        return f"garbage {fault}"
    rcode = dns.rcode.to_text(message.rcode())
    if rcode != "NOERROR":
        return rcode
    found = addresses_in(message)
    return "" if found in allowed else f"wrong {sorted(found)}, not one of {[sorted(each) for each in allowed[:2]]}"


def addresses_in(message: dns.message.Message) -> frozenset[str]:
    """The A records of the answer section."""
    return frozenset(record.address for rrset in message.answer if rrset.rdtype == dns.rdatatype.A for record in rrset)
