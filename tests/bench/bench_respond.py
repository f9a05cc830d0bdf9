"""How long ``respond`` takes, in microseconds a query. Run it: ``python tests/bench/bench_respond.py``.

Figures hold within one run only; the same code varies by 10 % from run to run.
"""

import timeit
from collections.abc import Iterator

import dns.edns
import dns.message

from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service

PEER = b"\x7f\0\0\1"
CHANCE = 0x12345678
SERVICES, ROUNDS, CALLS = 1000, 7, 20_000
WEB = "web-7.default.svc.cluster.local"


def catalog() -> Catalog:
    """Services of three endpoints each."""
    names = [f"web-{number}" for number in range(SERVICES)]
    ports = (Port("http", "TCP", 8080),)
    endpoints = [
        Endpoint("default", name, f"{name}-{each}", (f"10.{number >> 8}.{number & 255}.{each}",), ports)
        for number, name in enumerate(names)
        for each in (1, 2, 3)
    ]
    made = Catalog((name_from_text("cluster.local"),), ("10.0.0.0/8",), ("192.0.2.53",))
    made.load([Service("default", name) for name in names], endpoints, 1)
    return made


def queries() -> Iterator[tuple[str, bytes]]:
    """What is asked, by name."""
    client, whole = b"clientck", b"clientck" + b"\1\0\0\0" + bytes(12)
    for title, name, rtype, options in (
        ("A", WEB, "A", {}),
        ("AAAA, no data", WEB, "AAAA", {}),
        ("SRV with addresses", f"_http._tcp.{WEB}", "SRV", {}),
        ("NXDOMAIN", f"{WEB}.cluster.local", "A", {}),
        ("A with EDNS", WEB, "A", {"use_edns": 0, "payload": 1232}),
        ("NXDOMAIN with EDNS", f"{WEB}.cluster.local", "A", {"use_edns": 0, "payload": 1232}),
        ("A with a client's cookie (dig)", WEB, "A", {"options": [dns.edns.GenericOption(10, client)]}),
        ("A with both cookies", WEB, "A", {"options": [dns.edns.GenericOption(10, whole)]}),
        ("A with another option", WEB, "A", {"options": [dns.edns.GenericOption(3, b"")]}),
        ("ANY", WEB, "ANY", {}),
    ):
        yield title, dns.message.make_query(name, rtype, **options).to_wire()


def main() -> None:
    """Print one line a kind of query, the best of several rounds."""
    table = catalog().table
    terms = Terms(cookie_secret=b"0123456789abcdef")
    for title, packet in queries():
        asked = timeit.Timer(lambda packet=packet: respond(packet, PEER, CHANCE, table, terms))
        print(f"{title:32} {min(asked.repeat(ROUNDS, CALLS)) / CALLS * 1e6:6.2f} us")


if __name__ == "__main__":
    main()
