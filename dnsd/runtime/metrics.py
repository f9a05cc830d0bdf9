"""Counters as Prometheus sees them: plain numbers, counted where things happen, made into metric families here.

Invariant: a name or an address of a stranger is never a label, so the number of series is bounded.

To add a metric: one line in ``COUNTERS`` or ``GAUGES``; then count under its key, (name, label values in this order).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Counts = dict[tuple[str, ...], int]
"""Numbers by metric name and label values, as plain values that can travel between processes."""

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dnsd_dns_requests": ("Questions that got an answer, whatever it was", ("transport", "qtype")),
    "dnsd_dns_responses": ("Answers by response code", ("rcode",)),
    "dnsd_dns_truncated": ("Answers that said they were not whole (TC)", ("transport",)),
    "dnsd_dns_dropped": ("Packets and messages that got no answer, by reason", ("transport", "reason")),
    "dnsd_dns_failures": ("Questions answered SERVFAIL because of a fault in dnsd itself", ("transport",)),
    "dnsd_dns_tcp_accepted": ("TCP connections accepted", ()),
    "dnsd_dns_tcp_closed": ("TCP connections that dnsd closed, by reason", ("reason",)),
    "dnsd_dns_tcp_refused": ("TCP connections refused at once, by the limit that was reached", ("limit",)),
}
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dnsd_dns_tcp_connections": ("TCP connections open now", ()),
    "dnsd_dns_responders": ("Responder processes that were heard of within the last seconds", ()),
}

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


class CountsCollector(Collector):
    """Shows what ``read`` returns at each scrape; register it with a ``prometheus_client.CollectorRegistry``."""

    def __init__(self, read: Callable[[], Counts]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """One family for each metric, those without samples too, so that a dashboard finds them from the start."""
        counts = self._read()
        for name, (text, labels) in COUNTERS.items():
            yield _filled(CounterMetricFamily(name, text, labels=labels), name, labels, counts)
        for name, (text, labels) in GAUGES.items():
            yield _filled(GaugeMetricFamily(name, text, labels=labels), name, labels, counts)


def _filled(
    family: CounterMetricFamily | GaugeMetricFamily, name: str, labels: tuple[str, ...], counts: Counts
) -> Metric:
    if not labels:
        family.add_metric((), counts.get((name,), 0))
    for key in sorted(key for key in counts if labels and key[0] == name):
        family.add_metric(key[1:], counts[key])
    return family
