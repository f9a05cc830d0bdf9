"""What is asked: files for dnsperf, as text or as packets, each the same for the same seed.

The mix is always 55 % A, 25 % AAAA (mostly NODATA), 15 % SRV and 5 % NXDOMAIN, as resolvers with a search list ask.
"""

import random
import socket
import string
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from records import NAMESPACES, ZONE, Records, service_name

A, SRV, AAAA, OPT = 1, 33, 28, 41
_TYPES = {"A": A, "SRV": SRV, "AAAA": AAAA}
_MIX = (("A", 55), ("AAAA", 80), ("SRV", 95), ("", 100))
"""Type -> where its share of 100 ends; "" is a name that does not exist."""
_CLASS_IN = b"\0\1"
_COOKIE = 10
_COOKIE_OCTETS = 8
_EDNS_PAYLOAD = 1232
_IN_FLIGHT = 50
_LEARN_SECONDS = 5.0
_LETTERS = frozenset(string.ascii_letters.encode())

Question = tuple[str, str]
"""Name and type."""
Maker = Callable[[Records, int, int], Iterator[Question]]
"""Records, how many, seed -> questions."""


def warm(records: Records, count: int, seed: int) -> Iterator[Question]:
    """The mix over all services, drawn evenly."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _drawn(chance, service_name(chance.randrange(records.services)))


def first(records: Records, count: int, seed: int) -> Iterator[Question]:
    """The mix, every question for the first time: all services in turn, each time in other upper and lower case."""
    chance = random.Random(seed)
    order = list(range(records.services))
    chance.shuffle(order)
    for number in range(count):
        name, rtype = _drawn(chance, service_name(order[number % len(order)]))
        yield _mixed(chance, name), rtype


def absent(records: Records, count: int, seed: int) -> Iterator[Question]:
    """Random names below the zone, every one new, A and AAAA."""
    chance = random.Random(seed)
    for _ in range(count):
        name = f"{chance.getrandbits(64):016x}.team-{chance.randrange(NAMESPACES)}.svc.{ZONE}"
        yield name, ("A", "AAAA")[chance.getrandbits(1)]


def write_text(path: Path, questions: Iterable[Question]) -> Path:
    """As dnsperf reads them."""
    with path.open("w") as file:
        file.writelines(f"{name} {rtype}\n" for name, rtype in questions)
    return path


def write_packets(path: Path, packets: Iterable[bytes]) -> Path:
    """As dnsperf reads them with ``-B``: each behind its length."""
    with path.open("wb") as file:
        file.writelines(len(packet).to_bytes(2) + packet for packet in packets)
    return path


def packet(question: Question, cookie: bytes = b"", ident: int = 0) -> bytes:
    """A query; with a cookie's octets an OPT that carries them."""
    name, rtype = question
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.rstrip(".").split("."))
    opt = _opt(cookie) if cookie else b""
    head = ident.to_bytes(2) + b"\1\0\0\1\0\0\0\0\0" + (b"\1" if opt else b"\0")
    return head + labels + b"\0" + _TYPES[rtype].to_bytes(2) + _CLASS_IN + opt


def with_cookies(records: Records, count: int, seed: int, server: tuple[str, int]) -> Iterator[bytes]:
    """The mix, each query of another client: half as dig (a client's cookie), half as c-ares (the server's too)."""
    chance = random.Random(seed)
    clients = [chance.randbytes(_COOKIE_OCTETS) for _ in range(count // 2)]
    known = learned_cookies(server, clients)
    for question, whole in zip(warm(records, count // 2, seed), known, strict=True):
        yield packet(question, whole)
        yield packet(question, chance.randbytes(_COOKIE_OCTETS))


def learned_cookies(server: tuple[str, int], clients: list[bytes]) -> list[bytes]:
    """What this server gives each client to come again with; the client's own where it gives nothing."""
    known = dict.fromkeys(clients, b"")
    question = ZONE, "A"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.connect(server)
        door.settimeout(_LEARN_SECONDS)
        for start in range(0, len(clients), _IN_FLIGHT):
            some = clients[start : start + _IN_FLIGHT]
            for client in some:
                door.send(packet(question, client))
            for _ in some:
                whole = _cookie_in(door.recv(4096))
                known[whole[:_COOKIE_OCTETS]] = whole
    return [known[client] or client for client in clients]


def _cookie_in(reply: bytes) -> bytes:
    """The cookie that ends a reply, if one does: the OPT is the last record, and that option its last."""
    at = reply.rfind(b"\0\0\x29")
    option = reply[at + 11 :] if at > 0 else b""
    return option[4:] if option[:2] == _COOKIE.to_bytes(2) else b""


def _opt(cookie: bytes) -> bytes:
    option = _COOKIE.to_bytes(2) + len(cookie).to_bytes(2) + cookie
    return b"\0" + OPT.to_bytes(2) + _EDNS_PAYLOAD.to_bytes(2) + bytes(4) + len(option).to_bytes(2) + option


def _drawn(chance: random.Random, service: str) -> Question:
    """A question of the mix about this service."""
    share = chance.randrange(100)
    rtype = next(rtype for rtype, end in _MIX if share < end)
    if rtype == "SRV":
        return f"_http._tcp.{service}", rtype
    if rtype:
        return service, rtype
    return f"{service}.{ZONE}", "A"  # a whole name, completed once more by a search list


def _mixed(chance: random.Random, name: str) -> str:
    """The name, each letter in upper or lower case."""
    octets = name.encode()
    letters = int.from_bytes(bytes(0x20 if octet in _LETTERS else 0 for octet in octets))
    drawn = chance.getrandbits(8 * len(octets)) & letters
    return (int.from_bytes(octets) ^ drawn).to_bytes(len(octets)).decode()
