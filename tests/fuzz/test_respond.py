"""Whatever comes in: one outcome, never an exception, never long, and a reply that others can read."""

import random
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import dns.message
import pytest
from fuzz.clients import NAMES

from dnsd.answer.allowed import Allowed
from dnsd.answer.complete import respond_completely
from dnsd.answer.edns import Edns
from dnsd.answer.respond import respond
from dnsd.answer.scan import read_bare_edns, read_query
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Table
from dnsd.codec.signature import SharedKeys
from dnsd.codec.tsig import TsigKey
from dnsd.codec.zonefile import read_zone
from dnsd.model.errors import MalformedOpt, MalformedQuery
from dnsd.model.message import Drop, Transfer
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service

PEER, NOW = b"\xc0\0\2\1", 1_700_000_000
KEY = TsigKey(name_from_text("key.example.org"), "hmac-sha256", b"0123456789abcdef")
KEYS = SharedKeys([KEY])
SECONDS_MOST = 0.005
SECONDS_AN_OCTET_MOST = 2e-6
ZONE = """
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
alias CNAME web.default.svc.cluster.local.
old DNAME new
*.wild TXT "wild"
sub NS ns.sub
ns.sub A 192.0.2.54
"""
CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="module")
def table() -> Table:
    return catalog_table()


def catalog_table() -> Table:
    catalog = Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["192.0.2.53"])
    catalog.set_static([read_zone(ZONE, "example.org.zone", name_from_text("example.org")).data])
    ports = (Port("http", "TCP", 80),)
    endpoints = [Endpoint("default", "web", f"web-{n}", (f"10.0.0.{n}",), ports, weight=n) for n in range(1, 60)]
    catalog.load([Service("default", "web"), Service("default", "down", when_empty="servfail")], endpoints, 3)
    return catalog.table


def client_packets() -> list[bytes]:
    """Queries as clients sent them (``capture.py``), what fuzzing found since, and what is not an everyday query."""
    return [*(path.read_bytes() for path in sorted(CORPUS.iterdir())), *hand_made()]


def hand_made() -> Iterator[bytes]:
    """What is not an everyday query: for signatures of this moment, and to be mutated."""
    question = name_from_text(NAMES[0]) + b"\0\1\0\1"
    opt = b"\0\0\x29\4\xd0\0\0\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\n\0\0\1"
    yield b"\x12\x34\1\0" + bytes(6) + b"\0\1" + opt[:-2] + b"\0\x0c\0\x0a\0\x08clientck"
    yield b"\x12\x34\x24\0\0\1\0\1\0\0\0\0" + question + record
    yield b"\x12\x34\x28\0\0\1\0\1\0\1\0\1" + question + record * 3
    yield b"\x12\x34\0\0\0\1\0\0\0\1\0\1" + question[:-4] + b"\0\xfb\0\1" + record + opt
    yield b"\x12\x34\0\0\0\1\0\0\0\0\0\2" + question + opt + b"\3key\0\0\xfa\0\xff\0\0\0\0\0\0"
    yield b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"\1a" * 127 + b"\0\0\1\0\1"
    yield b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"\x3f" + b"x" * 63 + question
    yield b"\x12\x34\1\0\0\2\0\0\0\0\0\0" + question * 2
    zone = name_from_text("cluster.local") + b"\0\xfb\0\1"
    yield b"\x12\x34\0\0\0\1\0\0\0\1\0\0" + zone + record  # an IXFR that brings no SOA
    # A key that nobody knows, its name as long as the question's: what is to be said of it fills more than 512 octets.
    longest = 3 * (b"\x3f" + b"k" * 63) + b"\x3d" + b"k" * 61 + b"\0"
    signature = b"\x0bhmac-sha256\0" + bytes(6) + b"\1\x2c" + b"\0\0" + b"\x12\x34" + bytes(4)
    rdata = len(signature).to_bytes(2) + signature
    yield HEAD + b"\0\1" + longest + b"\0\1\0\1" + longest + b"\0\xfa\0\xff" + bytes(4) + rdata
    yield b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"\7version\4bind\0\0\x10\0\3"
    for rtype in (b"\0\1", b"\0\xfb", b"\0\xfc"):
        packet = b"\x12\x34\0\0\0\1\0\0\0\0\0\0" + name_from_text("cluster.local") + rtype + b"\0\1"
        yield from (packet, KEYS.request(KEY.name, packet, NOW))


Change = Callable[[bytearray, random.Random, list[bytes]], None]


def flip(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    for _ in range(draw.randint(1, 4)):
        packet[draw.randrange(len(packet))] ^= 1 << draw.randrange(8)


def overwrite(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    at = draw.randrange(len(packet))
    octets = draw.choice((b"\xc0\x0c", b"\0", b"\xff", b"\x3f", b"\x40", b"\x80", b"\xff\xff", b"\0\x29", b"\0\xff"))
    packet[at : at + len(octets)] = octets


def lie(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    """Another count in the header, or another length at the end."""
    at = draw.choice((4, 6, 8, 10, max(len(packet) - 2, 0), max(len(packet) - 12, 0)))
    packet[at : at + 2] = draw.choice((0, 1, 2, 255, 256, 65_535)).to_bytes(2)


def shorten(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    del packet[draw.randrange(len(packet)) :]


def drop(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    at = draw.randrange(len(packet))
    del packet[at : at + draw.randint(1, 8)]


def insert(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    at = draw.randrange(len(packet) + 1)
    packet[at:at] = draw.randbytes(draw.randint(1, 16))


def repeat(packet: bytearray, draw: random.Random, _: list[bytes]) -> None:
    at = draw.randrange(len(packet))
    packet[at:at] = packet[at : at + draw.randint(1, 40)] * draw.choice((1, 2, 30))


def splice(packet: bytearray, draw: random.Random, seeds: list[bytes]) -> None:
    other = draw.choice(seeds)
    packet[draw.randrange(len(packet)) :] = other[draw.randrange(len(other)) :]


CHANGES: tuple[Change, ...] = (flip, overwrite, lie, shorten, drop, insert, repeat, splice)


def mutations(seed: int, rounds: int) -> Iterator[bytes]:
    draw, seeds = random.Random(seed), client_packets()
    for _ in range(rounds):
        packet = bytearray(draw.choice(seeds))
        for _ in range(draw.choice((1, 1, 1, 2, 4))):
            draw.choice(CHANGES)(packet, draw, seeds)
            if not packet:
                break
        yield bytes(packet)


def terms(**fields: object) -> Terms:
    made = Terms(**fields)  # type: ignore[arg-type]
    made.now = NOW
    return made


def terms_of_a_primary() -> Terms:
    """A door that gives zones away, and knows a key."""
    made = terms(is_tcp=True)
    made.transfer_to, made.keyring = Allowed((ip_network("192.0.2.0/24"),)), KEYS
    return made


def terms_of_a_door_with_tls() -> Terms:
    made = terms(is_tcp=True, version="dnsd")
    made.is_encrypted = True
    return made


TERMS = (terms(cookie_secret=b"0123456789abcdef"), terms(), terms_of_a_door_with_tls(), terms_of_a_primary())


@pytest.mark.parametrize("rounds", [60_000, pytest.param(3_000_000, marks=pytest.mark.long)])
def test_mutated_queries(table: Table, rounds: int) -> None:
    seen: set[bytes] = set()
    slow = []
    for number, packet in enumerate(mutations(7, rounds)):
        asked = (packet, PEER, number, table, TERMS[number % len(TERMS)])
        start = time.thread_time()
        outcome = respond(*asked)
        if time.thread_time() - start > SECONDS_MOST:
            slow.append(asked)
        if isinstance(outcome, Transfer):
            assert outcome.question[:2] in (b"\0\xfb", b"\0\xfc"), packet.hex()
            check(packet, outcome.busy(), asked[-1], seen)
            continue
        assert outcome == respond_completely(*asked), packet.hex()
        if isinstance(outcome, Drop):
            assert len(packet) < 12 or packet[2] & 0x80, packet.hex()
            continue
        assert isinstance(outcome, tuple)
        check(packet, outcome[0], asked[-1], seen)
        if number % 8 == 0:
            compare(packet, outcome[0])
    assert len(seen) > rounds / 100
    assert not [asked for asked in slow if seconds_of(*asked) > SECONDS_MOST]


def seconds_of(packet: bytes, peer: bytes, chance: int, table: Table, door: Terms) -> float:
    """The least time over a few calls: a machine that was busy once is not our slowness."""
    times = []
    for _ in range(5):
        start = time.thread_time()
        respond(packet, peer, chance, table, door)
        times.append(time.thread_time() - start)
    return min(times)


def check(packet: bytes, reply: bytes, door: Terms, seen: set[bytes]) -> None:
    assert reply[:2] == packet[:2]
    assert reply[2] & 0xF8 == 0x80 | packet[2] & 0x78
    assert reply[2] & 1 == packet[2] & 1
    asked = edns_of(packet)
    most = door.plain_limit if asked is None else door.limit(asked.payload)
    assert len(reply) <= most, packet.hex()
    if len(reply) == 12 or reply[2:] in seen:
        return
    seen.add(reply[2:])
    # Whatever the opcode, ours is an ordinary message; dnspython has stricter rules for those of an UPDATE.
    message = dns.message.from_wire(reply[:2] + bytes((reply[2] & ~0x78,)) + reply[3:], keyring=False)
    assert (message.edns == 0) == (asked is not None), packet.hex()


def compare(packet: bytes, reply: bytes) -> None:
    """What dnspython can read is a query for us too, unless it is one that we must refuse to read."""
    try:
        query = dns.message.from_wire(packet)
    except Exception:
        return
    if query.opcode() == 0 and len(query.question) == 1 and len(reply) > 12:
        message = dns.message.from_wire(reply)
        assert (query.edns >= 0) == (message.edns >= 0), packet.hex()
        assert message.question == query.question


def edns_of(packet: bytes) -> Edns | None:
    try:
        return read_query(packet).edns if packet[4:6] != b"\0\0" else read_bare_edns(packet)
    except MalformedOpt as fault:
        return Edns(512, 0, fault.is_do)
    except MalformedQuery:
        return None


QUESTION = name_from_text(NAMES[0]) + b"\0\1\0\1"
HEAD = b"\x12\x34\1\0\0\1\0\0\0\0"
RECORD = b"\0\0\1\0\1\0\0\0\0\0\0"
LARGE = {
    "one-octet labels": HEAD + b"\0\0" + b"\1a" * 32_000 + b"\7cluster\5local\0\0\1\0\1",
    "long labels": HEAD + b"\0\0" + (b"\x3f" + b"x" * 63) * 1000 + b"\7cluster\5local\0\0\1\0\1",
    "pointers": HEAD + b"\0\0" + b"\xc0\x0c" * 32_000,
    "names of 255 octets": HEAD + b"\xff\xff" + QUESTION + (b"\1a" * 126 + b"\0" + RECORD[1:]) * 245,
    "many records": HEAD + b"\xff\xff" + QUESTION + RECORD * 5950,
    "as many as it says": HEAD + (5950).to_bytes(2) + QUESTION + RECORD * 5950,
    "many OPTs": HEAD + b"\xff\xff" + QUESTION + (b"\0\0\x29" + RECORD[3:]) * 5950,
    "many options": HEAD + b"\0\1" + QUESTION + b"\0\0\x29\4\xd0\0\0\0\0\xff\0" + b"\0\3\0\0" * 16_320,
    "many questions": b"\x12\x34\1\0\xff\xff" + bytes(6) + QUESTION * 1800,
    "zeros": bytes(65_535),
    "garbage": HEAD + b"\0\0" + QUESTION + b"\xff" * 65_000,
    "records of another opcode": b"\x12\x34\x28\0\0\1\xff\xff\0\0\0\0" + QUESTION + RECORD * 5950,
}


@pytest.mark.parametrize("packet", LARGE.values(), ids=LARGE.keys())
@pytest.mark.parametrize("door", TERMS, ids=["cookies", "plain", "tls", "primary"])
def test_work_is_linear_in_the_size_of_a_packet(table: Table, packet: bytes, door: Terms) -> None:
    assert 60_000 < len(packet) <= 65_535
    assert seconds_of(packet, PEER, 0, table, door) < SECONDS_AN_OCTET_MOST * len(packet) / 2
    outcome = respond(packet, PEER, 0, table, door)
    assert isinstance(outcome, tuple)
    check(packet, outcome[0], door, set())
