"""Every play of this folder, over UDP and over TCP: see ``play.py`` for how they are written."""

import re
from collections.abc import Iterable
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from scenarios.play import Scene, Step, scenes
from scenarios.stage import GOOD_COOKIE, NOW, Stage, octets, question

from dnsd.answer.edns import Edns
from dnsd.answer.scan import read_bare_edns, read_query
from dnsd.answer.terms import Terms
from dnsd.model.errors import MalformedOpt
from dnsd.model.message import Drop
from dnsd.model.names import name_from_text, name_to_text

SCENES = scenes(Path(__file__).parent)
CHANCES = (0, 1, 0x9E3779B9)
PLURALS = {"answer": "answers", "authority": "authorities", "additional": "additionals"}
QR, RD = 0x8000, 0x0100
UNKNOWN_FLAGS = 0x0070
"""The reserved bit, AD and CD: a server that does not know them sets none of them (RFC 8906 3.1.3)."""
SHOWN_FLAGS = dns.flags.AA | dns.flags.TC | dns.flags.RA
RECORD = re.compile(r"(\S+) +(?:(\d+) +)?(?:(IN|CH) +)?([A-Z0-9]+) +(.*)")
Lines = list[str]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_play(scene: Scene, transport: str) -> None:
    asked = perform(scene, transport)
    assert asked or not any(is_put(step, transport) for step in scene.steps)


def is_put(step: Step, transport: str) -> bool:
    """True for a question that is put over this transport."""
    return step.word in ("ask", "send") and (not {"udp", "tcp"} & set(step.rest) or transport in step.rest)


def perform(scene: Scene, transport: str) -> int:
    """Set the stage and put every question of the scene, in order; returns how many. Each reply is compared whole: an
    AssertionError tells the first that is not as the play says.
    """
    stage, asked = Stage(), 0
    for step in scene.steps:
        if step.word not in ("ask", "send"):
            stage.set(step)
        elif is_put(step, transport):
            asked += 1
            try:
                put(stage, step, is_tcp=transport == "tcp")
            except AssertionError as wrong:
                wrong.add_note(f"{step.place}: {step.word} {' '.join(step.rest)}\n{step.rule}")
                raise
    return asked


def test_there_are_plays() -> None:
    assert sum(step.word in ("ask", "send") for scene in SCENES for step in scene.steps) > 200
    assert len({scene.name for scene in SCENES}) == len(SCENES)
    assert all(step.below for scene in SCENES for step in scene.steps if step.word in ("ask", "send"))


def put(stage: Stage, step: Step, is_tcp: bool) -> None:
    words = [word for word in step.rest if word not in ("udp", "tcp")]
    packet = question(words, stage.origin) if step.word == "ask" else octets(words)
    for chance in CHANCES:
        terms = stage.terms(is_tcp)
        outcome = stage.respond(packet, chance, terms)
        if step.below == ["silence"]:
            assert isinstance(outcome, Drop)
            continue
        assert isinstance(outcome, tuple), outcome
        reply, key = outcome
        assert reply[:2] == packet[:2]
        message = dns.message.from_wire(reply, one_rr_per_rrset=True)
        assert message.flags & QR
        assert message.opcode() == packet[2] >> 3 & 15
        assert bool(message.flags & RD) == bool(packet[2] & 1)
        assert not message.flags & UNKNOWN_FLAGS
        code, *flags = step.below[0].split()
        assert (dns.rcode.to_text(message.rcode()), shown_flags(message)) == (code, sorted(flags))
        if "header only" in step.below:
            assert (len(reply), key) == (12, b"")
            continue
        check_size(packet, reply, message, terms)
        check_question(packet, reply, key)
        check_options(message, step.below)
        check_sections(stage, message, step.below)


def shown_flags(message: dns.message.Message) -> list[str]:
    return sorted(dns.flags.to_text(message.flags & SHOWN_FLAGS).split())


def edns_of(packet: bytes) -> Edns | None:
    try:
        return read_query(packet).edns if int.from_bytes(packet[4:6]) else read_bare_edns(packet)
    except MalformedOpt as fault:
        return Edns(512, 0, fault.is_do)


def check_size(packet: bytes, reply: bytes, message: dns.message.Message, terms: Terms) -> None:
    """Never above the limit; and a reply carries OPT if and only if the query did, with its DO (RFC 3225 3)."""
    asked = edns_of(packet)
    assert len(reply) <= (terms.plain_limit if asked is None else terms.limit(asked.payload))
    assert (message.edns == 0) == (asked is not None)
    if asked is not None:
        assert (message.ednsflags & 0xFFFF, message.payload) == (0x8000 if asked.is_do else 0, terms.payload_most)


def check_question(packet: bytes, reply: bytes, key: bytes) -> None:
    """The question comes back octet for octet, letters in the case in which they were sent (RFC 4343 4.1)."""
    if not int.from_bytes(packet[4:6]):
        assert (reply[4:6], key) == (b"\0\0", b"")
        return
    end = 12
    while packet[end]:
        end += 1 + packet[end]
    assert reply[12 : end + 5] == packet[12 : end + 5]
    assert (reply[4:6], key) == (b"\0\1", packet[end + 1 : end + 5])


def check_options(message: dns.message.Message, below: Lines) -> None:
    given = [
        f"ede {int(each.code)} {each.text or ''}".strip() if each.otype == 15 else f"cookie {each.to_wire().hex()}"
        for each in message.options
    ]
    wanted = [
        line.replace("cookie good", f"cookie {GOOD_COOKIE.hex()}") for line in below if re.match("ede|cookie", line)
    ]
    assert sorted(given) == sorted(wanted)


def check_sections(stage: Stage, message: dns.message.Message, below: Lines) -> None:
    for section in PLURALS:
        found = lines(getattr(message, section))
        wanted = records(stage, [line.partition(":")[2].strip() for line in below if line.startswith(f"{section}:")])
        number = [int(line.split()[1]) for line in below if re.fullmatch(rf"{PLURALS[section]} \d+", line)]
        if number:
            assert len(found) == number[0], section
        elif section == "answer" and "ordered" in below:
            assert found == wanted
        else:
            assert sorted(found) == sorted(wanted), section


def lines(rrsets: Iterable[dns.rrset.RRset]) -> Lines:
    """One line a record; owners of answers have the case of the question, so they are folded."""
    split = [line.split(" ", 1) for rrset in rrsets for line in rrset.to_text(want_generic=False).splitlines()]
    return [f"{owner.lower()} {rest}" for owner, rest in split]


def records(stage: Stage, wanted: Lines) -> Lines:
    """Zone-file text as dnspython writes it, each record a line of its own, in the order given."""
    origin = dns.name.from_text(stage.origin)
    found: Lines = []
    for text in wanted:
        owner, ttl, rclass, rtype, rdata = RECORD.fullmatch(spelled(stage, text)).groups()  # type: ignore[union-attr]
        name = dns.name.from_text(owner, origin)
        found += lines(
            [dns.rrset.from_text_list(name, ttl or 5, rclass or "IN", rtype, [rdata], origin=origin, relativize=False)]
        )
    return found


def spelled(stage: Stage, text: str) -> str:
    zone = re.fullmatch(r"\$SOA(?:\((\S+)\))?", text)
    if zone is None:
        return text
    owner = name_to_text(name_from_text(zone[1] or "cluster.local"))
    (first, *_) = (name_to_text(origin) for origin in stage.catalog.table.zones)
    times = f"{stage.catalog.table.revision} 3600 600 604800 5"
    return f"{owner} 5 IN SOA ns.dns.{first} hostmaster.{first} {times}"


def test_the_clock_of_the_plays_is_set() -> None:
    assert Stage().terms(is_tcp=False).now == NOW
