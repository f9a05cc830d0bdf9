"""The rows about answers over UDP: what a query costs, by kind of question."""

from collections.abc import Callable

import process
import questions
from dnsperf import Load
from figures import MICROSECONDS, TIMES, Figure, alternate, ratios, sample_lines
from peers import Peer
from questions import Maker
from stage import Stage

_MEBI = 1024
RSS_GROWTH_MIB_MOST = 1.0


def warm(stage: Stage) -> list[Figure]:
    """The mix over all services, against NSD, Knot, and a C echo that sends as many bytes."""
    load, seconds = stage.load(questions.warm), stage.options.seconds
    echo = stage.echo(stage.reply_octets(stage.dnsd))
    contestants = {peer.name: _asking(peer, load, seconds) for peer in (*stage.peers, echo)}
    costs = alternate(stage.options.rounds, contestants)
    lines = [
        Figure("warm", f"{peer.name}, {stage.reply_octets(peer)} octets", MICROSECONDS, costs[peer.name])
        for peer in (*stage.peers, echo)
    ]
    rounds = list(zip(*(costs[name] for name in ("NSD", "Knot") if name in costs), strict=True))
    if rounds:
        ours = costs["dnsd"]
        lines.append(_ratio("warm", "dnsd / the slower of NSD and Knot", ours, list(map(max, rounds)), 1.1))
        lines.append(_ratio("warm", "dnsd / the faster of NSD and Knot", ours, list(map(min, rounds)), 1.2))
    lines.append(_ratio("warm", "dnsd / C echo", costs["dnsd"], costs["C echo"], 1.5))
    others = (stage.rivals.keys() | {each.name for each in stage.options.strangers}) - {"NSD", "Knot"}
    return lines + [
        Figure("warm", f"dnsd / {name}", TIMES, ratios(costs["dnsd"], costs[name])) for name in sorted(others)
    ]


def first(stage: Stage) -> list[Figure]:
    """Every question for the first time, in mixed case."""
    return _against_warm(stage, "first", questions.first, 1.5)


def absent(stage: Stage) -> list[Figure]:
    """Random names, every one new; memory must not grow with them."""
    pids = stage.dnsd.pids()
    before = sum(map(process.resident_kib, pids))
    lines = _against_warm(stage, "random", questions.absent, 1.3)
    growth = (sum(map(process.resident_kib, pids)) - before) / _MEBI
    return [*lines, Figure("random", "dnsd: growth of RSS", "MiB", [growth], most=RSS_GROWTH_MIB_MOST)]


def cookies(stage: Stage) -> list[Figure]:
    """EDNS with a cookie, another one in every query; half of the clients have the server's part already."""
    seconds = stage.options.seconds
    contestants = {"dnsd, warm": _asking(stage.dnsd, stage.load(questions.warm), seconds)}
    for peer in stage.peers:
        contestants[f"{peer.name}, cookies"] = _asking(peer, _cookie_load(stage, peer), seconds)
    return _compared(stage, "cookies", contestants, "dnsd, cookies", 1.5)


def wildcard(stage: Stage) -> list[Figure]:
    """The same replica asked where it is bound to 0.0.0.0, and each reply must leave from the address asked."""
    load, seconds = stage.load(questions.warm), stage.options.seconds
    contestants = {
        "dnsd, warm": _asking(stage.dnsd, load, seconds),
        "dnsd, wildcard": _asking(stage.dnsd.wildcard, load, seconds),
    }
    return _compared(stage, "wildcard", contestants, "dnsd, wildcard", 1.2)


def _against_warm(stage: Stage, row: str, maker: Maker, most: float) -> list[Figure]:
    seconds = stage.options.seconds
    contestants = {"dnsd, warm": _asking(stage.dnsd, stage.load(questions.warm), seconds)}
    for peer in stage.peers:

        def ask(seed: int, peer: Peer = peer) -> float:
            return peer.cost(stage.load(maker, seed), seconds)

        contestants[f"{peer.name}, {row}"] = ask
    return _compared(stage, row, contestants, f"dnsd, {row}", most)


def _compared(
    stage: Stage, row: str, contestants: dict[str, Callable[[int], float]], ours: str, most: float
) -> list[Figure]:
    costs = alternate(stage.options.rounds, contestants)
    ratio = _ratio(row, f"{ours} / warm", costs[ours], costs["dnsd, warm"], most)
    return [*sample_lines(row, MICROSECONDS, costs), ratio]


def _asking(peer: Peer, load: Load, seconds: float) -> Callable[[int], float]:
    return lambda _: peer.cost(load, seconds)


def _ratio(row: str, what: str, above: list[float], below: list[float], most: float) -> Figure:
    return Figure(row, what, TIMES, ratios(above, below), most=most)


def _cookie_load(stage: Stage, peer: Peer) -> Load:
    packets = questions.with_cookies(stage.records, stage.options.cookies, 0, peer.address)
    file = stage.file(("cookies", peer.name), lambda path: questions.write_packets(path, packets))
    return Load(file, is_packets=True)
