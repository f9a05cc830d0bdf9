"""The rows about TCP, latency, registrations beside queries, and a second worker."""

from collections.abc import Callable
from dataclasses import replace

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


def churn(stage: Stage) -> list[Figure]:
    """Latency at 5,000 queries a second and cost at full speed, idle and while 1,000 endpoints a second come and go."""
    load, seconds = stage.load(questions.warm), stage.options.seconds
    paced = replace(load, rate=_CHURN_RATE)
    rates: list[float] = []

    def busy(measure: Callable[[], float]) -> Callable[[int], float]:
        def during(_: int) -> float:
            churning = Churn(stage.dnsd.admin)
            with churning:
                result = measure()
            rates.append(churning.endpoints_a_second)
            return result

        return during

    def p99() -> float:
        return stage.dnsd.waits(paced, seconds).quantile(P99) * _MICRO

    def cost() -> float:
        return stage.dnsd.cost(load, seconds)

    waits = alternate(stage.options.rounds, {"idle, p99": lambda _: p99(), "under change, p99": busy(p99)})
    costs = alternate(stage.options.rounds, {"idle": lambda _: cost(), "under change": busy(cost)})
    return [
        *sample_lines("churn", "us", waits),
        Figure("churn", "p99 / idle", TIMES, ratios(waits["under change, p99"], waits["idle, p99"]), most=2.0),
        *sample_lines("churn", MICROSECONDS, costs),
        Figure("churn", "cost / idle", TIMES, ratios(costs["under change"], costs["idle"]), most=1.3),
        Figure("churn", "endpoints registered, renewed and removed", "1/s", rates, least=950),
    ]


def workers(stage: Stage) -> list[Figure]:
    """Two workers, 64 client ports, all on all cores; the busier's share is its share of the CPU time."""
    load, seconds = replace(stage.load(questions.warm), ports=_WORKER_PORTS), stage.options.seconds
    two = stage.replica(stage.records, workers=2)
    shares: list[float] = []

    def cost_of_two(_: int) -> float:
        before = [process.cpu_seconds([pid]) for pid in two.pids()]
        cost = _unpinned_cost(two, load, seconds)
        spent = [process.cpu_seconds([pid]) - start for pid, start in zip(two.pids(), before, strict=True)]
        shares.append(100 * max(spent) / sum(spent))
        return cost

    contestants = {"one worker": lambda _: _unpinned_cost(stage.dnsd, load, seconds), "two workers": cost_of_two}
    costs = alternate(stage.options.rounds, contestants)
    stage.end(two)
    return [
        *sample_lines("workers", MICROSECONDS, costs),
        Figure("workers", "two / one", TIMES, ratios(costs["two workers"], costs["one worker"]), most=1.15),
        Figure("workers", "share of the busier", "%", shares, most=60),
    ]


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
