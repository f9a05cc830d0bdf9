"""The rows about size: cost against the number of endpoints, and one service that has a thousand."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count, islice
from statistics import median

import calls
import process
import questions
from churn import Pacing
from connections import ask_on
from figures import MICROSECONDS, TIMES, Figure, Point, alternate, ratios, sample_lines
from peers import Peer
from records import Records, crowd_endpoint, crowd_name, endpoint_value, service_key
from replica import Replica
from stage import Stage

_CHANGES_A_ROUND = 2000
"""At some 0.2 ms each: with fewer a tick of 10 ms is a fifth of what is measured."""
_STEP = 7919
"""From one service that changes to the next: a prime, so that all of them have their turn, neighbours far apart."""
_CROWD_CHANGES_A_ROUND = 50
_CROWDS = (100, 300, 1000)
_CROWD_COMPANY = 100
"""Plain services beside the crowds."""
_CROWD_CHANGES_A_SECOND = 20
_SRV_OCTETS_LEAST = 20
"""A record with its owner compressed, and a target compressed to its first label."""
_CROWD_SECONDS_LEAST = 2.0
"""The client needs longer for such an answer than a server does: shorter loads cost too few ticks to count."""
_MICRO = 1_000_000


def sizes(stage: Stage) -> list[Figure]:
    """The mix over ever more services: what a query costs dnsd and the others, and what a change costs dnsd."""
    peers = {endpoints: _peers_of(stage, Records.of_endpoints(endpoints)) for endpoints in stage.options.sizes}
    costs = alternate(
        stage.options.rounds,
        {
            _titled(peer.name, endpoints): _costing(stage, peer, endpoints)
            for endpoints, some in peers.items()
            for peer in some
        },
    )
    changes = alternate(
        stage.options.rounds,
        {_titled("dnsd", endpoints): _changing(some[0], endpoints) for endpoints, some in peers.items()},
    )
    for endpoints, some in peers.items():
        for peer in some:
            stage.points.append(Point(peer.name, endpoints, median(costs[_titled(peer.name, endpoints)])))
            stage.end(peer)
    least, most = (_titled("dnsd", endpoints) for endpoints in (min(peers), max(peers)))
    return [
        *sample_lines("sizes", MICROSECONDS, costs),
        *[_flatness(peer.name, peers, costs) for peer in peers[min(peers)]],
        *[Figure("sizes", f"{name}: one change", "us CPU", samples) for name, samples in changes.items()],
        Figure("sizes", "one change: largest / smallest", TIMES, ratios(changes[most], changes[least]), most=1.2),
    ]


def crowd(stage: Stage) -> list[Figure]:
    """SRV over TCP for services of 100, 300 and 1,000 endpoints, at rest and while one of their endpoints changes."""
    records = Records(_CROWD_COMPANY, *_CROWDS)
    dnsd = stage.replica(records)
    rivals = stage.rivals_with(records, ("NSD", "Knot"))
    largest = _CROWDS[-1]
    contestants = {f"dnsd, {size}": _asking_crowd(stage, dnsd, size) for size in _CROWDS}
    contestants |= {f"{peer.name}, {largest}": _asking_crowd(stage, peer, largest) for peer in rivals.values()}
    contestants[f"dnsd, {largest}, under change"] = _asking_changing_crowd(stage, dnsd, largest)
    costs = alternate(stage.options.rounds, contestants)
    changes = alternate(stage.options.rounds, {f"{size}": _changing_crowd(dnsd, size) for size in _CROWDS})
    for peer in (dnsd, *rivals.values()):
        stage.end(peer)
    by_record = {size: [cost / size for cost in costs[f"dnsd, {size}"]] for size in (_CROWDS[0], largest)}
    busy, rest = costs[f"dnsd, {largest}, under change"], costs[f"dnsd, {largest}"]
    return [
        *sample_lines("crowd", MICROSECONDS, costs),
        Figure("crowd", "a record: of 1,000 / of 100", TIMES, ratios(*map(by_record.get, (largest, 100))), most=1.2),
        Figure("crowd", "under 20 changes a second / at rest", TIMES, ratios(busy, rest)),
        *[Figure("crowd", f"one change of {size}", "us CPU", samples) for size, samples in changes.items()],
    ]


def _peers_of(stage: Stage, records: Records) -> list[Peer]:
    print(f"  {records.endpoint_count:,} endpoints: starting all servers ...", file=sys.stderr, flush=True)
    return [stage.replica(records), *stage.rivals_with(records).values()]


def _flatness(name: str, sizes: Iterable[int], costs: Mapping[str, list[float]]) -> Figure:
    """The cost over the most endpoints against the fewest: that of rivals tells what the machine does to everybody."""
    least, most = (costs[_titled(name, endpoints)] for endpoints in (min(sizes), max(sizes)))
    reach = 1.2 if name == "dnsd" else None
    return Figure("sizes", f"{name}: largest / smallest", TIMES, ratios(most, least), most=reach)


def _titled(name: str, endpoints: int) -> str:
    return f"{name}, {endpoints:,} endpoints"


def _costing(stage: Stage, peer: Peer, endpoints: int) -> Callable[[int], float]:
    load = stage.load(questions.warm, records=Records.of_endpoints(endpoints))
    return lambda _: peer.cost(load, stage.options.seconds)


def _changing(peer: Peer, endpoints: int) -> Callable[[int], float]:
    """Microseconds of CPU, control's and the responder's, that a change of one endpoint's weight costs."""
    assert isinstance(peer, Replica)
    services = Records.of_endpoints(endpoints).services
    weights = count(1)

    def change(_: int) -> float:
        return _cost_of_changes(peer, _weight_changes(services, weights))

    return change


def _weight_changes(services: int, weights: Iterator[int]) -> Iterator[bytes]:
    """One endpoint each of services all over the registry."""
    for index in range(_CHANGES_A_ROUND):
        namespace, name = service_key(index * _STEP % services)
        path = f"/v1/namespaces/{namespace}/services/{name}/endpoints/{name}-0"
        yield calls.request("PATCH", path, {"weight": next(weights) % 60_000})


def _cost_of_changes(replica: Replica, requests: Iterator[bytes]) -> float:
    pids = [*replica.control(), *replica.pids()]
    process.pin(pids, process.ALL_CORES)
    before = process.cpu_seconds(pids)
    done = replica.send(requests, connections=1)
    return (process.cpu_seconds(pids) - before) / done * _MICRO


def _asking_crowd(stage: Stage, peer: Peer, size: int) -> Callable[[int], float]:
    packets = [questions.packet((crowd_name(size), "SRV"))]
    seconds = max(stage.options.seconds, _CROWD_SECONDS_LEAST)

    def ask(_: int) -> float:
        outcome, cost = peer.measure(lambda: ask_on(peer.address, packets, seconds))
        if outcome.reply_octets < size * _SRV_OCTETS_LEAST:
            peer.notes.append(f"{peer.name} left out records: {outcome.reply_octets} octets for {size} endpoints")
        return cost

    return ask


def _asking_changing_crowd(stage: Stage, replica: Replica, size: int) -> Callable[[int], float]:
    changes = _crowd_changes(size)
    ask = _asking_crowd(stage, replica, size)

    def ask_meanwhile(number: int) -> float:
        with Pacing(replica.admin, ([change] for change in changes), _CROWD_CHANGES_A_SECOND):
            return ask(number)

    return ask_meanwhile


def _changing_crowd(replica: Replica, size: int) -> Callable[[int], float]:
    changes = _crowd_changes(size)
    return lambda _: _cost_of_changes(replica, islice(changes, _CROWD_CHANGES_A_ROUND))


def _crowd_changes(size: int) -> Iterator[bytes]:
    """Another weight for one endpoint of a crowd after the other, for ever."""
    for number in count(1):
        endpoint = crowd_endpoint(size, number % size, weight=1 + number % 60_000)
        path = f"/v1/namespaces/{endpoint.namespace}/services/{endpoint.service}/endpoints/{endpoint.id}"
        yield calls.request("PUT", path, endpoint_value(endpoint))
