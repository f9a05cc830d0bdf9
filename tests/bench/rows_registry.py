"""The rows about registrations: how soon another replica answers, and how many a second."""

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle, islice

import calls
import process
from calls import Line
from figures import Figure, alternate
from questions import packet
from records import Records, endpoint_value, put_operation
from replica import Replica
from stage import Stage

from dnsd.model.service import Endpoint, Port

_NAMESPACE = "rate"
_ENDPOINTS_A_SERVICE = 4
_CONNECTIONS = 16
_BATCH_CONNECTIONS = 4
_A_BATCH = 500
_GIVE_UP_SECONDS = 2.0
_POLL_SECONDS = 0.0002
_MILLI = 1000
P50, P99 = 0.5, 0.99


def elsewhere(stage: Stage) -> list[Figure]:
    """Two replicas on one Redis full of endpoints: registered at one, how soon does the other answer?"""
    redis = stage.redis()
    records = Records.of_endpoints(stage.options.large)
    here, there = (stage.replica(name=name, redis=redis.url) for name in ("dnsd", "another dnsd"))
    here.load(records)
    there.wait_until_ready(records)
    numbers = count()
    samples = alternate(
        stage.options.rounds, {"": lambda _: _travels(here, there, islice(numbers, stage.options.registrations))}
    )[""]
    for replica in (here, there):
        stage.end(replica)
    lines = []
    for title, index, most in (("acknowledged", 0, (2.0, 10.0)), ("sent", 1, (None, None))):
        for name, share, reach in (("p50", P50, most[0]), ("p99", P99, most[1])):
            values = [_quantile([travel[index] for travel in travels], share) for travels in samples]
            lines.append(Figure("elsewhere", f"from {title} to answered elsewhere, {name}", "ms", values, most=reach))
    return lines


class _Requests:
    """Requests without end, of each way; those that renew are for what the others have registered by then."""

    def __init__(self) -> None:
        self._single, self._batch = iter(_endpoints("single")), iter(_endpoints("batch"))
        self._known: list[Endpoint] = []

    def put_singly(self) -> Iterator[bytes]:
        for endpoint in self._single:
            self._known.append(endpoint)
            yield calls.request("PUT", _path(endpoint), json.dumps(endpoint_value(endpoint)).encode())

    def put_batches(self) -> Iterator[bytes]:
        while some := list(islice(self._batch, _A_BATCH)):
            self._known.extend(some)
            yield calls.request("POST", "/v1/batch", {"operations": [put_operation(each) for each in some]})

    def renew_singly(self) -> Iterator[bytes]:
        for endpoint in cycle(self._known):
            yield calls.request("POST", f"{_path(endpoint)}/renew")

    def renew_batches(self) -> Iterator[bytes]:
        keys = cycle([_key(each) for each in self._known])
        while some := list(islice(keys, _A_BATCH)):
            yield calls.request("POST", "/v1/renew", {"endpoints": some})


def rates(stage: Stage) -> list[Figure]:
    """Registrations and renewals a second over HTTP, single calls and in batches, and what one costs control."""
    replica = stage.replica()
    calls.call(replica.admin, "GET", "/livez")  # responders answer while control still reads its modules
    requests = _Requests()
    ways = {
        "registrations, single calls, limit off": (requests.put_singly, _CONNECTIONS, 1, 2000),
        "renewals, single calls": (requests.renew_singly, _CONNECTIONS, 1, 3000),
        f"registrations, {_A_BATCH} a call": (requests.put_batches, _BATCH_CONNECTIONS, _A_BATCH, 10_000),
        f"renewals, {_A_BATCH} a call": (requests.renew_batches, _BATCH_CONNECTIONS, _A_BATCH, 50_000),
    }
    results = alternate(
        stage.options.rounds,
        {
            name: _rating(replica, make, connections, size, stage.options.seconds)
            for name, (make, connections, size, _) in ways.items()
        },
    )
    stage.end(replica)
    lines = [
        Figure("rates", name, "1/s", [rate for rate, _ in results[name]], least=least)
        for name, (*_, least) in ways.items()
    ]
    return lines + [Figure("rates", f"{name}: control", "us CPU", [cost for _, cost in results[name]]) for name in ways]


def _rating(
    replica: Replica, make: Callable[[], Iterable[bytes]], connections: int, size: int, seconds: float
) -> Callable[[int], tuple[float, float]]:
    """How many a second, and control's microseconds of CPU for each; control alone on the server's core."""

    def rate(_: int) -> tuple[float, float]:
        control = replica.control()
        process.pin(set(replica.everybody()) - set(control), process.OTHER_CORES)
        process.pin(control, process.SERVER_CORES)
        with process.running_on(process.CLIENT_CORES):
            before, start = process.cpu_seconds(control), time.monotonic()
            done = replica.send(make(), connections, seconds) * size
            taken = time.monotonic() - start
        return done / taken, (process.cpu_seconds(control) - before) / done * 1_000_000

    return rate


def _travels(here: Replica, there: Replica, numbers: Iterable[int]) -> list[tuple[float, float]]:
    """For each registration the milliseconds until another replica answers: since acknowledged, since sent."""
    line = Line(here.admin)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.settimeout(_GIVE_UP_SECONDS)
        door.connect(there.address)
        travels = [_travel(line, door, number) for number in numbers]
    line.close()
    return travels


def _travel(line: Line, door: socket.socket, number: int) -> tuple[float, float]:
    endpoint = _endpoint("elsewhere", number)
    question = packet((f"{endpoint.id}.{endpoint.service}.{_NAMESPACE}.svc.cluster.local", "A"))
    sent = time.monotonic()
    line.call(calls.request("PUT", _path(endpoint), endpoint_value(endpoint)))
    acknowledged = time.monotonic()
    while True:
        door.send(question)
        is_answered = door.recv(4096)[6:8] > b"\0\0"
        answered = time.monotonic()
        if is_answered:
            return (answered - acknowledged) * _MILLI, (answered - sent) * _MILLI
        if answered - sent > _GIVE_UP_SECONDS:
            return float("inf"), float("inf")
        time.sleep(_POLL_SECONDS)  # asked without a pause, it would take the cores that the change needs


def _endpoints(kind: str) -> Iterator[Endpoint]:
    for number in count():
        yield _endpoint(kind, number)


def _endpoint(kind: str, number: int) -> Endpoint:
    """One more endpoint that nobody has seen; four of them are a service."""
    address = f"10.{200 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    service = f"{kind}-{number // _ENDPOINTS_A_SERVICE}"
    return Endpoint(_NAMESPACE, service, f"e{number}", (address,), (Port("http", "TCP", 8080),), lease_seconds=600)


def _path(endpoint: Endpoint) -> str:
    return f"/v1/namespaces/{endpoint.namespace}/services/{endpoint.service}/endpoints/{endpoint.id}"


def _key(endpoint: Endpoint) -> dict[str, object]:
    return {"namespace": endpoint.namespace, "service": endpoint.service, "id": endpoint.id}


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * len(values))]
