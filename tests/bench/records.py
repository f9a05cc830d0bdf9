"""What all servers of the benchmark hold: the same services, for dnsd as JSON, for the others as master files.

``python tests/bench/records.py SERVICES [CROWD ...] FOLDER`` writes the master files, one a zone, as dnsd itself
would show them: the same records, down to the SOA.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from dnsd.authority.catalog import Catalog
from dnsd.authority.export import exported
from dnsd.codec.zonefile_writer import master_file_lines
from dnsd.model.names import name_from_text, name_to_text
from dnsd.model.service import WEIGHT_DEFAULT, Endpoint, Port, Service

ZONE = "cluster.local"
REVERSE = ("10.0.0.0/8", "fc00::/7")
ADVERTISED = "127.0.0.1"
ENDPOINTS_OF = (2, 3, 4, 5)
"""So many endpoints services have, in turn: 3.5 on average."""
ENDPOINTS_A_SERVICE = sum(ENDPOINTS_OF) / len(ENDPOINTS_OF)
DUAL_STACK_EVERY = 10
"""One service in so many has IPv6 addresses too; for the others AAAA is NODATA."""
NAMESPACES = 10
PORT = 8080
CROWD_NAMESPACE = "x"
OPERATIONS_A_BATCH = 500


class Records:
    """``services`` services with 3.5 endpoints each, always the same ones; and crowds: services of many endpoints."""

    def __init__(self, services: int, *crowds: int) -> None:
        self.services = services
        self.crowds = crowds

    def arguments(self) -> tuple[int, ...]:
        """What makes the same records again."""
        return self.services, *self.crowds

    @classmethod
    def of_endpoints(cls, endpoints: int) -> "Records":
        """As many services as have about so many endpoints."""
        return cls(round(endpoints / ENDPOINTS_A_SERVICE))

    @property
    def endpoint_count(self) -> int:
        """How many endpoints all services have, crowds aside."""
        rounds, rest = divmod(self.services, len(ENDPOINTS_OF))
        return rounds * sum(ENDPOINTS_OF) + sum(ENDPOINTS_OF[:rest])

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, service by service; permanent, each with an address of its own."""
        number = 0
        for service in range(self.services):
            namespace, name = service_key(service)
            for index in range(ENDPOINTS_OF[service % len(ENDPOINTS_OF)]):
                addresses = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",)
                if service % DUAL_STACK_EVERY == 0:
                    addresses += (f"fd00::1:{number >> 16:x}:{number & 0xFFFF:x}",)
                ports = (Port("http", "TCP", PORT),)
                yield Endpoint(namespace, name, f"{name}-{index}", addresses, ports, lease_seconds=None)
                number += 1
        for crowd in self.crowds:
            for index in range(crowd):
                yield crowd_endpoint(crowd, index)

    def batches(self) -> Iterator[bytes]:
        """Bodies for ``POST /v1/batch`` that register all of it."""
        operations = []
        for endpoint in self.endpoints():
            operations.append(put_operation(endpoint))
            if len(operations) == OPERATIONS_A_BATCH:
                yield json.dumps({"operations": operations}).encode()
                operations = []
        if operations:
            yield json.dumps({"operations": operations}).encode()

    def catalog(self) -> Catalog:
        """The same compiled, as a replica has it."""
        made = Catalog((name_from_text(ZONE),), REVERSE, (ADVERTISED,))
        endpoints = list(self.endpoints())
        names = dict.fromkeys(endpoint.service_key for endpoint in endpoints)
        made.load([Service(*key, declared=False) for key in names], endpoints, 1)
        return made

    def write_master_files(self, folder: Path) -> None:
        """One file a zone: ``FOLDER/cluster.local.zone`` and those of the reverse zones."""
        table = self.catalog().table
        for origin in table.zones:
            with (folder / f"{name_to_text(origin).rstrip('.')}.zone").open("w") as file:
                file.writelines(line + "\n" for line in master_file_lines(exported(table, origin)))


def service_key(number: int) -> tuple[str, str]:
    """Namespace and name of a service. As long for all, so that what differs between sizes is size alone."""
    return f"team-{number % NAMESPACES}", f"app-{number:06}"


def service_name(number: int) -> str:
    """Its name in DNS."""
    namespace, name = service_key(number)
    return f"{name}.{namespace}.svc.{ZONE}"


def crowd_endpoint(crowd: int, index: int, weight: int = WEIGHT_DEFAULT) -> Endpoint:
    """One of a crowd. Names are short: a thousand SRV records have to fit into 64 KiB."""
    address = f"10.{128 + crowd.bit_length()}.{index >> 8}.{index & 255}"
    return Endpoint(
        CROWD_NAMESPACE, f"c{crowd}", f"e{index}", (address,), (Port("http", "TCP", PORT),), weight, lease_seconds=None
    )


def crowd_name(crowd: int) -> str:
    """The name whose SRV records are a crowd's."""
    return f"_http._tcp.c{crowd}.{CROWD_NAMESPACE}.svc.{ZONE}"


def put_operation(endpoint: Endpoint) -> dict[str, object]:
    """The operation of a batch that registers this endpoint."""
    return {
        "op": "put",
        "kind": "endpoint",
        "namespace": endpoint.namespace,
        "service": endpoint.service,
        "id": endpoint.id,
        "value": endpoint_value(endpoint),
    }


def endpoint_value(endpoint: Endpoint) -> dict[str, object]:
    """The body of its registration."""
    return {
        "addresses": list(endpoint.addresses),
        "ports": {port.name: port.port for port in endpoint.ports},
        "weight": endpoint.weight,
        "lease_seconds": endpoint.lease_seconds,
    }


if __name__ == "__main__":
    *_numbers, _folder = sys.argv[1:]
    Records(*map(int, _numbers)).write_master_files(Path(_folder))
