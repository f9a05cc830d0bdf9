"""The row about latency and cost while endpoints come and go, with the cores shared and with the cores apart."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

import process
import questions
from churn import Churn
from cores import SEATINGS, Seating, seated
from figures import MICROSECONDS, TIMES, Figure, alternate, ratios, sample_lines
from peers import Peer
from replica import Replica
from stage import Stage

_ROW = "churn"
_RATES = 1000, 5000
_CHANGES_LEAST = 950
_IDLE, _CHANGING = "idle", "under change"
_MICRO, _MILLI = 1_000_000, 1000
_P99 = 0.99

ABOUT = """\
p99 is taken at 1,000 queries a second, as in the row before, and at 5,000; cost at full speed. *Cores shared*: the
server has the first core, dnsperf the second, and whoever registers (the client, control, the store, the parent) takes
of both. *Cores apart*: the server and dnsperf share the first core, all others have the second; of three and more, the
server has the first, dnsperf the second. Apart shows what changes do to answers; shared, what those who want the same
core do, also to NSD, which knows of no change and is asked beside the same ones. Where p99 is taken, servers have the
precedence that dnsd's unit gives (where that was permitted: see above): its niceness, at which dnsd itself goes before
everybody while it takes little of its core; rivals are put there. dnsperf goes before all of them, since what the
client waits for a core is not the server's doing."""


@dataclass(frozen=True)
class Sample:
    """One load's p99 or cost in microseconds, and two things beside it.

    ``coreless``: for how many milliseconds a second the server was ready to run and did not; ``changes``: how many
    endpoints were registered a second in fact.
    """

    microseconds: float
    coreless: float
    changes: float


Measure = Callable[[Peer], float]


def churn(stage: Stage) -> list[Figure]:
    """Latency and cost, idle and while 1,000 endpoints a second come and go, for each way to give the cores out."""
    peers = [stage.dnsd, *(peer for name, peer in stage.rivals.items() if name == "NSD")]
    lines: list[Figure] = []
    for seating in SEATINGS:
        for rate in _RATES:
            lines += _latency(stage, seating, peers, rate)
        lines += _cost(stage, seating, peers)
    return lines


def _latency(stage: Stage, seating: Seating, peers: Sequence[Peer], rate: int) -> Iterator[Figure]:
    load, seconds = replace(stage.load(questions.warm), rate=rate), stage.options.seconds
    title = f"{seating.title}, {rate:,}/s"

    def p99(peer: Peer) -> float:
        return peer.waits(load, seconds, cores=seating.server, client_cores=seating.client).quantile(_P99) * _MICRO

    samples = _sampled(stage, seating, peers, p99, is_led=True)
    took = {what: [sample.microseconds for sample in taken] for what, taken in samples.items()}
    yield from sample_lines(_ROW, "us", {f"{title}: {what}, p99": each for what, each in took.items()})
    for peer in peers:
        compared = ratios(took[f"{peer.name}, {_CHANGING}"], took[f"{peer.name}, {_IDLE}"])
        most = 2.0 if peer is stage.dnsd else None
        yield Figure(_ROW, f"{title}: {peer.name}: p99 / idle", TIMES, compared, most=most)
    for peer in peers[1:]:
        compared = ratios(took[f"{stage.dnsd.name}, {_CHANGING}"], took[f"{peer.name}, {_CHANGING}"])
        yield Figure(_ROW, f"{title}: p99 under change, dnsd / {peer.name} beside it", TIMES, compared)
    coreless = {what: [sample.coreless for sample in taken] for what, taken in samples.items()}
    lines = {f"{title}: {what}: without a core": each for what, each in coreless.items()}
    yield from sample_lines(_ROW, "ms a second", lines)
    yield _changes(title, samples)


def _cost(stage: Stage, seating: Seating, peers: Sequence[Peer]) -> Iterator[Figure]:
    load, seconds = stage.load(questions.warm), stage.options.seconds
    title = f"{seating.title}, full speed"

    def cost(peer: Peer) -> float:
        return peer.ask(load, seconds, cores=seating.server, client_cores=seating.client)[1]

    samples = _sampled(stage, seating, peers, cost, is_led=False)
    costs = {what: [sample.microseconds for sample in taken] for what, taken in samples.items()}
    yield from sample_lines(_ROW, MICROSECONDS, {f"{title}: {what}, cost": each for what, each in costs.items()})
    for peer in peers:
        compared = ratios(costs[f"{peer.name}, {_CHANGING}"], costs[f"{peer.name}, {_IDLE}"])
        most = 1.3 if peer is stage.dnsd else None
        yield Figure(_ROW, f"{title}: {peer.name}: cost / idle", TIMES, compared, most=most)
    yield _changes(title, samples)


def _changes(title: str, samples: Mapping[str, Sequence[Sample]]) -> Figure:
    """What was reached: a latency beside fewer changes would prove nothing."""
    reached = [sample.changes for what, taken in samples.items() if what.endswith(_CHANGING) for sample in taken]
    what = f"{title}: endpoints registered, renewed and removed"
    return Figure(_ROW, what, "1/s", reached, least=_CHANGES_LEAST)


def _sampled(
    stage: Stage, seating: Seating, peers: Sequence[Peer], measure: Measure, *, is_led: bool
) -> dict[str, list[Sample]]:
    """Each server idle and under change in turn, under ``NAME, idle`` and ``NAME, under change``."""
    trials = {
        f"{peer.name}, {state}": partial(_sample, stage.dnsd, seating, peer, measure, state == _CHANGING, is_led)
        for peer in peers
        for state in (_IDLE, _CHANGING)
    }
    return alternate(stage.options.rounds, trials)


def _sample(
    dnsd: Replica, seating: Seating, peer: Peer, measure: Measure, is_changing: bool, is_led: bool, _: int
) -> Sample:
    pids = peer.pids()
    churning = Churn(dnsd.admin) if is_changing else None
    led = peer.led() if is_led else nullcontext()
    with seated(seating, dnsd.everybody(), but=pids), led, churning or nullcontext():
        before, start = process.waited_seconds(pids), time.monotonic()
        microseconds = measure(peer)
        coreless = (process.waited_seconds(pids) - before) / (time.monotonic() - start)
    return Sample(microseconds, coreless * _MILLI, churning.endpoints_a_second if churning else 0.0)
