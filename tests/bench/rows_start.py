"""The rows about a large registry: how soon a replica that starts answers from it, and what it weighs."""

import time
from collections.abc import Callable, Sequence

import process
from figures import Figure, alternate
from records import Records
from replica import Redis, Replica
from stage import Stage

_ROUNDS_MOST = 3
_SETTLE_SECONDS = 1.0
"""So long after the first answer memory is looked at, when what only the load needed was given back."""

_LEAVES_SECONDS = 5
"""The lame duck by default."""

Weights = tuple[float, float]
"""RSS of the responder and of control, in KiB."""


def cold_start(stage: Stage) -> list[Figure]:
    """From ``dnsd serve`` to the first answer, Redis being full, with the files of a life before and without."""
    records, redis = Records.of_endpoints(stage.options.large), stage.redis()
    filling = Replica(stage.new_path("dnsd"), redis=redis.url, lame_duck_seconds=_LEAVES_SECONDS)
    stage.keep(filling)
    filling.wait_until_ready()
    filling.load(records)
    grown = _weights(filling)
    state = filling.folder / "state"
    stage.end(filling)
    weighed: list[Weights] = []
    spent: list[tuple[float, float]] = []

    def starting(state: str) -> Callable[[int], float]:
        def start(_: int) -> float:
            replica = _started(stage, redis, state)
            seconds = replica.wait_until_ready(records)
            spent.append((process.cpu_seconds(replica.control()), process.cpu_seconds(replica.pids())))
            weighed.append(_weights(replica))
            stage.end(replica)
            return seconds

        return start

    rounds = min(stage.options.rounds, _ROUNDS_MOST)
    starts = alternate(rounds, {"new": starting(""), "kept": starting(str(state))})
    empty = _empty_weights(stage)
    size = f"{records.endpoint_count:,} endpoints"
    return [
        Figure("start", f"first answer, {size}, new state directory", "s", starts["new"], most=6.0),
        Figure("start", f"first answer, {size}, state directory kept", "s", starts["kept"], most=3.0),
        Figure("start", "CPU until then, control", "s", [control for control, _ in spent]),
        Figure("start", "CPU until then, responder", "s", [responder for _, responder in spent]),
        *_memory("after a cold start", weighed, empty, records.endpoint_count, (1.25, 2.5)),
        *_memory("after registering them", [grown], empty, records.endpoint_count, (None, None)),
    ]


def _started(stage: Stage, redis: Redis, state: str) -> Replica:
    replica = Replica(stage.new_path("dnsd"), redis=redis.url, state=state)
    stage.keep(replica)
    return replica


def _empty_weights(stage: Stage) -> Weights:
    replica = stage.replica(redis=stage.redis().url)
    weights = _weights(replica)
    stage.end(replica)
    return weights


def _weights(replica: Replica) -> Weights:
    time.sleep(_SETTLE_SECONDS)
    (responder,), (control,) = replica.pids(), replica.control()
    return process.resident_kib(responder), process.resident_kib(control)


def _memory(
    when: str, weighed: Sequence[Weights], empty: Weights, endpoints: int, most: Sequence[float | None]
) -> list[Figure]:
    """KiB an endpoint over the empty process."""
    return [
        Figure(
            "memory",
            f"{part}, {when}",
            "KiB/endpoint",
            [(weights[index] - empty[index]) / endpoints for weights in weighed],
            most=most[index],
        )
        for index, part in enumerate(("responder", "control"))
    ]
