"""The rows about TCP, latency, registrations beside queries, and a second worker."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import process
import questions
from churn import Churn
from connections import ask_each
from dnsperf import Load
from figures import MICROSECONDS, TIMES, Figure, alternate, ratios, sample_lines
from peers import Peer
from stage import Stage

_EACH_QUESTIONS = 5000
_CALM_RATE = 1000
_CHURN_RATE = 5000
_WORKER_PORTS = 64
_COUNTS = ("one worker", "two workers")
_MICRO, _MILLI = 1_000_000, 1000
P50, P99 = 0.5, 0.99

T = TypeVar("T")


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


def churn(stage: Stage) -> list[Figure]:
    """Latency at 5,000 queries a second and cost at full speed, idle and while 1,000 endpoints a second come and go.

    NSD, which knows of no change, is asked beside the same change: what its latency rises by is the machine's doing.
    """
    load, seconds = stage.load(questions.warm), stage.options.seconds
    rates: list[float] = []

    def busy(measure: Callable[[int], T]) -> Callable[[int], T]:
        def during(number: int) -> T:
            churning = Churn(stage.dnsd.admin)
            with churning:
                result = measure(number)
            rates.append(churning.endpoints_a_second)
            return result

        return during

    paced = replace(load, rate=_CHURN_RATE)
    waiting = {peer.name: _waiting_for_cores(peer, paced, seconds) for peer in _with_nsd(stage)}
    contestants = {f"{name}, idle": wait for name, wait in waiting.items()}
    contestants |= {f"{name}, under change": busy(wait) for name, wait in waiting.items()}
    waits = alternate(stage.options.rounds, contestants)
    idle, changing = lambda _: stage.dnsd.cost(load, seconds), busy(lambda _: stage.dnsd.cost(load, seconds))
    costs = alternate(stage.options.rounds, {"idle": idle, "under change": changing})
    return [
        *_waits_compared(waits, list(waiting)),
        *sample_lines("churn", MICROSECONDS, costs),
        Figure("churn", "cost / idle", TIMES, ratios(costs["under change"], costs["idle"]), most=1.3),
        Figure("churn", "endpoints registered, renewed and removed", "1/s", rates, least=950),
    ]


def _with_nsd(stage: Stage) -> list[Peer]:
    return [stage.dnsd, *(peer for name, peer in stage.rivals.items() if name == "NSD")]


def _waits_compared(waits: Mapping[str, Sequence[tuple[float, float]]], names: Sequence[str]) -> list[Figure]:
    """Lines for the p99 of each, and for how long it stood without a core, a second."""
    p99 = {what: [pair[0] for pair in pairs] for what, pairs in waits.items()}
    lines = sample_lines("churn", "us", {f"{what}, p99": samples for what, samples in p99.items()})
    for name in names:
        compared = ratios(p99[f"{name}, under change"], p99[f"{name}, idle"])
        lines.append(Figure("churn", f"{name}: p99 / idle", TIMES, compared, most=2.0 if name == "dnsd" else None))
    if "NSD" in names:
        compared = ratios(p99["dnsd, under change"], p99["NSD, under change"])
        lines.append(Figure("churn", "p99 under change, dnsd / NSD beside it", TIMES, compared))
    coreless = {f"{what}: without a core": [pair[1] for pair in pairs] for what, pairs in waits.items()}
    return [*lines, *sample_lines("churn", "ms a second", coreless)]


def _waiting_for_cores(peer: Peer, load: Load, seconds: float) -> Callable[[int], tuple[float, float]]:
    """The p99 in microseconds, and for how many milliseconds a second the server was ready to run and did not."""

    def wait(_: int) -> tuple[float, float]:
        pids = peer.pids()
        before, start = process.waited_seconds(pids), time.monotonic()
        p99 = peer.waits(load, seconds).quantile(P99) * _MICRO
        coreless = (process.waited_seconds(pids) - before) / (time.monotonic() - start)
        return p99, coreless * _MILLI

    return wait


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
        outcome = peer.waits(load, seconds)
        return outcome.quantile(P50) * _MICRO, outcome.quantile(P99) * _MICRO

    return wait


def _against_knot(stage: Stage, row: str, contestants: dict[str, Callable[[int], float]], most: float) -> list[Figure]:
    costs = alternate(stage.options.rounds, contestants)
    lines = sample_lines(row, MICROSECONDS, costs)
    if "Knot" in costs:
        lines.append(Figure(row, "dnsd / Knot", TIMES, ratios(costs["dnsd"], costs["Knot"]), most=most))
    return lines
