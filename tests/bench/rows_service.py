"""The rows about TCP, latency, and a second worker."""

from collections.abc import Callable
from dataclasses import replace

import process
import questions
from connections import ask_each
from dnsperf import Load
from figures import MICROSECONDS, TIMES, Figure, alternate, ratios, sample_lines
from peers import Peer
from stage import Stage

_EACH_QUESTIONS = 5000
_CALM_RATE = 1000
_WORKER_PORTS = 64
_COUNTS = ("one worker", "two workers")
_MICRO = 1_000_000
P50, P99 = 0.5, 0.99


def tcp_long(stage: Stage) -> list[Figure]:
    """Eight long connections, many queries in the air on each, as a caching forwarder keeps them."""
    load = replace(stage.load(questions.warm), is_tcp=True)
    contestants = {peer.name: _costing(peer, load, stage.options.seconds) for peer in stage.peers}
    return _against_knot(stage, "tcp-long", contestants, 2.0)


def tcp_each(stage: Stage) -> list[Figure]:
    """A new connection for every query, eight at a time."""
    asked = questions.warm(stage.records, _EACH_QUESTIONS, 0)
    packets, seconds = [questions.packet(question) for question in asked], stage.options.seconds

    def costing(peer: Peer) -> Callable[[int], float]:
        return lambda _: peer.measure(lambda: ask_each(peer.address, packets, seconds))[1]

    return _against_knot(stage, "tcp-each", {peer.name: costing(peer) for peer in stage.peers}, 3.0)


def latency(stage: Stage) -> list[Figure]:
    """How long an answer takes at 1,000 queries a second."""
    load = replace(stage.load(questions.warm), rate=_CALM_RATE)
    waits = alternate(
        stage.options.rounds, {peer.name: _waiting(peer, load, stage.options.seconds) for peer in stage.peers}
    )
    lines = []
    for index, title in enumerate(("p50", "p99")):
        by_name = {name: [pair[index] for pair in pairs] for name, pairs in waits.items()}
        lines += [Figure("latency", f"{name}, {title}", "us", samples) for name, samples in by_name.items()]
        if "Knot" in by_name:
            compared = ratios(by_name["dnsd"], by_name["Knot"])
            lines.append(Figure("latency", f"dnsd / Knot, {title}", TIMES, compared, most=1.5))
    return lines


def workers(stage: Stage) -> list[Figure]:
    """Two workers, 64 client ports, all on all cores; the busier's share is its share of the CPU time.

    NSD and Knot are asked with one and with two as well: two take smaller batches, whoever they are.
    """
    load, seconds = replace(stage.load(questions.warm), ports=_WORKER_PORTS), stage.options.seconds
    two = stage.replica(stage.records, workers=2)
    shares: list[float] = []

    def cost_of_two(_: int) -> float:
        before = [process.cpu_seconds([pid]) for pid in two.pids()]
        cost = _unpinned_cost(two, load, seconds)
        spent = [process.cpu_seconds([pid]) - start for pid, start in zip(two.pids(), before, strict=True)]
        shares.append(100 * max(spent) / sum(spent))
        return cost

    pairs = _rivals_by_workers(stage)
    contestants = {"one worker": lambda _: _unpinned_cost(stage.dnsd, load, seconds), "two workers": cost_of_two}
    for name, peers in pairs.items():
        for count, peer in zip(_COUNTS, peers, strict=True):
            contestants[f"{name}, {count}"] = lambda _, peer=peer: _unpinned_cost(peer, load, seconds)
    costs = alternate(stage.options.rounds, contestants)
    for peer in (two, *(of_two for _, of_two in pairs.values())):
        stage.end(peer)
    return [
        *sample_lines("workers", MICROSECONDS, costs),
        Figure("workers", "two / one", TIMES, ratios(costs["two workers"], costs["one worker"]), most=1.15),
        *(
            Figure("workers", f"{name}: two / one", TIMES, ratios(*(costs[f"{name}, {of}"] for of in _COUNTS[::-1])))
            for name in pairs
        ),
        Figure("workers", "share of the busier", "%", shares, most=60),
    ]


def _rivals_by_workers(stage: Stage) -> dict[str, tuple[Peer, Peer]]:
    """NSD and Knot, where they are installed, with one worker and with two."""
    one = {name: peer for name, peer in stage.rivals.items() if name in ("NSD", "Knot")}
    two = stage.rivals_with(stage.records, tuple(one), workers=2)
    return {name: (peer, two[name]) for name, peer in one.items()}


def _unpinned_cost(peer: Peer, load: Load, seconds: float) -> float:
    return peer.ask(load, seconds, cores=process.ALL_CORES, client_cores=process.ALL_CORES)[1]


def _costing(peer: Peer, load: Load, seconds: float) -> Callable[[int], float]:
    return lambda _: peer.cost(load, seconds)


def _waiting(peer: Peer, load: Load, seconds: float) -> Callable[[int], tuple[float, float]]:
    def wait(_: int) -> tuple[float, float]:
        with peer.led():
            outcome = peer.waits(load, seconds)
        return outcome.quantile(P50) * _MICRO, outcome.quantile(P99) * _MICRO

    return wait


def _against_knot(stage: Stage, row: str, contestants: dict[str, Callable[[int], float]], most: float) -> list[Figure]:
    costs = alternate(stage.options.rounds, contestants)
    lines = sample_lines(row, MICROSECONDS, costs)
    if "Knot" in costs:
        lines.append(Figure(row, "dnsd / Knot", TIMES, ratios(costs["dnsd"], costs["Knot"]), most=most))
    return lines
