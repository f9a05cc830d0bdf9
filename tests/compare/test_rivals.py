"""Generated registries, exported and served by NSD, Knot and BIND: dnsd answers every name and type as they do."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from compare.decided import DECIDED, decided
from compare.registries import CLUSTER, ITSELF, LONG, REVERSE, catalog
from compare.rivals import serving
from compare.wire import ANY, Question, Summary, ask_tcp, ask_udp
from room import require
from running import Running

from dnsd.authority.catalog import Catalog
from dnsd.codec.zonefile_writer import zone_file_lines
from dnsd.model.names import labels_of, name_from_text, name_to_text, parent_of

TYPES = (1, 28, 33, 12, 5, 16, 2, 6, 15, 43, 64, 65, 257, 65_280, 65_535 - 1, ANY)
BELOW = ("x", "a.b", "*", "_http._tcp", "host", "_tcp")
OUTSIDE = (
    "local",
    "example.com",
    "example.org",
    "arpa",
    "11.in-addr.arpa",
    "cluster.localx",
    "xcluster.local",
    "c.f.ip6.arpa",
)
LISTS = (f"web.default.svc.{CLUSTER}.{CLUSTER}", f"www.example.com.{CLUSTER}", f"{CLUSTER}.svc.{CLUSTER}")
ZONES = (CLUSTER, LONG, *REVERSE)


def names(made: Catalog) -> Iterator[str]:
    """Owners and their ancestors (all are nodes), names below and beside each, and some that are none of ours."""
    for owner in made.table.nodes:
        yield name_to_text(owner)
        first, *_ = labels_of(owner)
        above = parent_of(owner)
        beside = [b"\1x", b"\4nope", bytes((len(first),)) + first[:-1] + b"~"]
        for each in [sibling + above for sibling in beside] + [name_from_text(label)[:-1] + owner for label in BELOW]:
            if len(each) <= 255:
                yield name_to_text(each)
    yield from (*OUTSIDE, *LISTS)


def questions(made: Catalog, number: int, most: int) -> list[Question]:
    """Every pair of a name and a type, letters in any case; of very many as many as may be."""
    draw = random.Random(number)
    chosen = sorted(set(names(made)))
    some = draw.sample(chosen, min(most // len(TYPES) - 1, len(chosen)))
    whole = [name_from_text(name) for name in (ITSELF, *some)]
    return [(mixed(name, draw), rtype) for name in whole for rtype in TYPES]


def mixed(name: bytes, draw: random.Random) -> bytes:
    """The same name, some of its letters in upper case."""
    return bytes(octet ^ 0x20 if 97 <= octet <= 122 and draw.random() < 0.3 else octet for octet in name)


def compared(number: int, rounds: int, most: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Pairs and decided differences by server and transport; and the differences that nobody decided."""
    made = catalog(number, rounds)
    files = {zone: f"{zone}.zone" for zone in ZONES}
    for zone, file in files.items():
        (folder / file).write_text("\n".join(zone_file_lines(made.table, name_from_text(zone))) + "\n")
    asked = questions(made, number, most)
    counts, different = Counter(names=len(asked) // len(TYPES)), []
    with Running(made, udp_payload_most=4096) as ours:
        own = {"UDP": ask_udp(ours.port, asked), "TCP": ask_tcp(ours.port, asked)}
    for server in ("NSD", "Knot", "BIND"):
        with serving(server, files, folder) as port:
            for way, ask in (("UDP", ask_udp), ("TCP", ask_tcp)):
                for question, mine, theirs in zip(asked, own[way], ask(port, asked), strict=True):
                    counts[f"{server} {way} pairs"] += 1
                    wrong = difference(server, question, mine, theirs, counts)
                    different += [f"{server} {way} {wrong}"] if wrong else []
    return counts, different


def difference(server: str, question: Question, mine: Summary, theirs: Summary, counts: Counter[str]) -> str:
    if mine == theirs:
        return ""
    name, rtype = name_to_text(question[0]), question[1]
    found = decided(server, name, rtype, mine, theirs)
    if found is not None:
        counts[f"{server} decided {DECIDED.index(found)}"] += 1
        return ""
    return f"{name} {rtype}\n    dnsd {mine}\n    them {theirs}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("number", "rounds", "most"),
    [(1, 30, 16_000), *(pytest.param(n, 60, 60_000, marks=pytest.mark.long) for n in range(2, 8))],
)
def test_the_same_as_nsd_knot_and_bind(number: int, rounds: int, most: int, tmp_path: Path) -> None:
    require("nsd", "knotd", "named")
    counts, different = compared(number, rounds, most, tmp_path)
    print(f"seed {number}: {dict(counts)}, {len(different)} differences")
    assert not different, f"{len(different)} differences, the first:\n" + "\n".join(
        different[:: len(different) // 10 + 1]
    )
    assert counts["BIND TCP pairs"] > 10_000
    assert counts["BIND decided 3"] > 0, "the alias of itself was asked for"
