"""What a change costs before a query sees it: ``python tests/bench/bench_apply.py``. CPU time of a change, best of 5.

Control compiles (``catalog.apply``) and packs, a responder unpacks and replaces (``table.apply``). The cost must not
depend on the size of the registry, and grow no faster than the service that changes. Once more for a whole load.
"""

import marshal
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

from records import Records, crowd_endpoint

from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Loading, Table, parts_of
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Port, Service

SIZES = (1000, 10_000, 100_000)
CROWDS = (10, 100, 1000)
ROUNDS, CHANGES = 5, 200
NODES_A_PART = 500
PORTS = (Port("http", "TCP", 8080),)


def main() -> None:
    """Print a line each way, by size of the registry and then of the service."""
    for size in SIZES:
        records = Records.of_endpoints(size)
        start = time.process_time()
        catalog = records.catalog()
        made = (time.process_time() - start) / records.endpoint_count * 1e6
        start = time.process_time()
        table = _table_of(catalog)
        moved = (time.process_time() - start) / records.endpoint_count * 1e6
        print(f"registry of {size:,}: load {made:.1f} us an endpoint, to a responder {moved:.1f} us an endpoint")
        endpoints = [endpoint for endpoint in records.endpoints() if endpoint.id.endswith("-0")]
        _show("  a weight", catalog, table, _Weights(endpoints))
        _show("  registered and removed", catalog, table, _Comings())
    for crowd in CROWDS:
        catalog = Records(10, crowd).catalog()
        members = [crowd_endpoint(crowd, index) for index in range(crowd)]
        _show(f"service of {crowd:,}: a weight", catalog, _table_of(catalog), _Weights(members), changes=CHANGES // 10)


class _Weights:
    """Another weight for one endpoint after the other."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self._endpoints = cycle(endpoints)

    def __call__(self, revision: int) -> Change:
        return Change(revision, (replace(next(self._endpoints), weight=1 + revision % 60_000),))


class _Comings:
    """An endpoint of a new service, and its end."""

    def __call__(self, revision: int) -> Change:
        number = (revision - 1) // 2  # the odd revision puts, the even one after it removes
        endpoint = Endpoint("new", f"s{number}", "e", (f"10.99.{number >> 8 & 255}.{number & 255}",), PORTS)
        if revision % 2:
            return Change(revision, (Service(*endpoint.service_key, declared=False), endpoint))
        keys = (endpoint.key, endpoint.service_key)
        return Change(revision, (), tuple(Removal(key, "deleted") for key in keys))


def _table_of(catalog: Catalog) -> Table:
    """A responder's table, brought over as the feed does."""
    loading, table = Loading(), Table()
    for part in parts_of(catalog.table, NODES_A_PART):
        loading.add(marshal.loads(marshal.dumps(part)))
    table.replace(loading)
    return table


def _show(title: str, catalog: Catalog, table: Table, make: Callable[[int], Change], changes: int = CHANGES) -> None:
    control = responder = float("inf")
    octets = 0
    for _ in range(ROUNDS):
        wanted = [make(catalog.table.revision + 1 + index) for index in range(changes)]
        start = time.process_time()
        packed = [marshal.dumps(catalog.apply(change).pack()) for change in wanted]
        middle = time.process_time()
        for delta in packed:
            table.apply(marshal.loads(delta))
        end = time.process_time()
        control, responder = min(control, middle - start), min(responder, end - middle)
        octets = sum(map(len, packed))
    print(
        f"{title:32} control {control / changes * 1e6:8.1f} us, responder {responder / changes * 1e6:7.1f} us, "
        f"{octets // changes:,} octets between them"
    )


if __name__ == "__main__":
    main()
