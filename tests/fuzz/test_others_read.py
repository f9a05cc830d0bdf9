"""What dnsd answers, read by programs of others: kdig and drill see the records that dnspython sees."""

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence

import dns.message
import dns.query
import dns.rdatatype
import pytest
from compare.registries import catalog
from compare.test_rivals import names
from room import require
from running import Running

TYPES = ("A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "NS", "SOA", "ANY")
SEED = 11
BATCH = 50
Asked = tuple[str, str]


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Running, list[Asked]]]:
    made = catalog(SEED, 20)
    plain = sorted(name for name in set(names(made)) if "*" not in name and "~" not in name)
    with Running(made) as running:
        yield running, [(name, TYPES[(n + m) % len(TYPES)]) for n, name in enumerate(plain) for m in range(len(TYPES))]


def seen_by_dnspython(port: int, asked: Sequence[Asked]) -> Counter[str]:
    """Records of all sections, as text; the message made anew says the same."""
    found: Counter[str] = Counter()
    for name, rtype in asked:
        query = dns.message.make_query(name, rtype, use_edns=0)
        reply = dns.query.tcp(query, "127.0.0.1", 20, port)
        again = dns.message.from_wire(reply.to_wire())
        sections = [*reply.answer, *reply.authority, *reply.additional]
        assert again == reply
        found.update(line for rrset in sections for line in lines(rrset.to_text(want_generic=False)))
    return found


def lines(text: str) -> Iterator[str]:
    """Records one by one: fields single-spaced, in lower case."""
    for line in text.splitlines():
        if line.strip() and not line.startswith(";"):
            yield " ".join(line.lower().split())


def seen_by(*command: str) -> Counter[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr + done.stdout[-500:]
    assert "malformed" not in done.stderr.lower(), done.stderr
    return Counter(lines(done.stdout))


def questions(asked: Sequence[Asked], most: int) -> list[Asked]:
    return list(asked[:: max(len(asked) // most, 1)])


@pytest.mark.parametrize("most", [300, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_kdig(stage: tuple[Running, list[Asked]], most: int) -> None:
    require("kdig")
    running, asked = stage
    chosen = questions(asked, most)
    options = ("kdig", "@127.0.0.1", "-p", str(running.port), "+tcp", "+edns", "+noidn")
    assert len(chosen) >= min(most, 5000)
    for start in range(0, len(chosen), BATCH):
        part = chosen[start : start + BATCH]
        words = [word for name, rtype in part for word in (name, rtype)]
        assert seen_by(*options, *words) == seen_by_dnspython(running.port, part)


@pytest.mark.parametrize("most", [60, pytest.param(2000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_drill(stage: tuple[Running, list[Asked]], most: int) -> None:
    require("drill")
    running, asked = stage
    for name, rtype in questions(asked, most):
        seen = seen_by("drill", "-t", "-p", str(running.port), "@127.0.0.1", name, rtype)
        assert seen == seen_by_dnspython(running.port, [(name, rtype)]), (name, rtype)
