"""Numbers that are counted where things happen, named so that they can travel between processes and be added up.

Invariant: a name or an address of a stranger is never part of a key, so the number of keys is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping

Counts = dict[tuple[str, ...], int]
"""Numbers by metric name and label values (``runtime/metrics`` lists the metrics)."""

GAUGES = frozenset(
    {
        "dnsd_dns_tcp_connections",
        "dnsd_dns_responders",
        "dnsd_forward_in_flight",
        "dnsd_forward_cache_octets",
        "dnsd_forward_cache_answers",
    }
)
"""What is so many now; all others only grow."""

TURNS = "dnsd_dns_turn_duration_seconds"
"""Counted by bucket (``runtime/durations``), and under ``sum`` in microseconds."""

_QTYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    39: "DNAME",
    43: "DS",
    48: "DNSKEY",
    64: "SVCB",
    65: "HTTPS",
    251: "IXFR",
    252: "AXFR",
    255: "ANY",
    257: "CAA",
}
_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")


def qtype_label(qtype: int) -> str:
    """A question type as a label: its name, ``other`` for what nobody asks in earnest."""
    return _QTYPES.get(qtype, "other")


def rcode_label(rcode: int) -> str:
    """A header's response code as a label."""
    return _RCODES[rcode] if rcode < len(_RCODES) else "other"


def add(total: Counts, counts: Mapping[tuple[str, ...], int]) -> None:
    """Add ``counts`` to ``total``."""
    for key, number in counts.items():
        total[key] = total.get(key, 0) + number
