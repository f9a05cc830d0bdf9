"""Counts as Prometheus sees them: which metrics there are, and how plain numbers become their families.

To add a metric: one line in ``COUNTERS`` or ``GAUGES``; then count under its key, (name, label values in this order).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from dnsd.runtime.counts import TURNS, Counts
from dnsd.runtime.durations import BOUNDS_SECONDS, cumulative

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dnsd_dns_requests": ("Questions that got an answer, whatever it was", ("transport", "qtype")),
    "dnsd_dns_responses": ("Answers by response code", ("rcode",)),
    "dnsd_dns_truncated": ("Answers that said they were not whole (TC)", ("transport",)),
    "dnsd_dns_dropped": ("Packets and messages that got no answer, by reason", ("transport", "reason")),
    "dnsd_dns_slipped": ("Replies over the rate limit that were truncated instead of dropped", ()),
    "dnsd_dns_unlogged": ("Sampled questions that the query log had no room for in their second", ()),
    "dnsd_dns_failures": ("Questions answered SERVFAIL because of a fault in dnsd itself", ("transport",)),
    "dnsd_dns_tcp_accepted": ("TCP connections accepted", ()),
    "dnsd_dns_tcp_closed": ("TCP connections that dnsd closed, by reason", ("reason",)),
    "dnsd_dns_tcp_refused": ("TCP connections refused at once, by the limit that was reached", ("limit",)),
    "dnsd_forward_told": ("Forwarded questions by where the answer came from", ("how",)),
    "dnsd_forward_tries": ("Tries to ask an upstream, by what came of them", ("outcome",)),
}
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dnsd_dns_tcp_connections": ("TCP connections open now", ()),
    "dnsd_dns_responders": ("Responder processes that were heard of within the last seconds", ()),
    "dnsd_forward_in_flight": ("Questions that upstreams are being asked now", ()),
    "dnsd_forward_cache_octets": ("Memory of answers from upstreams, in octets", ()),
    "dnsd_forward_cache_answers": ("Answers from upstreams that are kept", ()),
}

SHOWN_AT_ZERO: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "dnsd_dns_failures": (("udp",), ("tcp",), ("tls",), ("https",)),
}
"""Label values with a sample from the start: Prometheus sees no increase where a series begins, and the first fault
should wake somebody."""

TURNS_TEXT = "Time in which what waited at once over UDP, up to 512 questions, was answered"


class DnsCollector(Collector):
    """Shows the counts it was given last; register it with a ``prometheus_client.CollectorRegistry``."""

    def __init__(self) -> None:
        self._counts: Counts = {}

    def show(self, counts: Counts) -> None:
        """Take fresh counts, before a scrape."""
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """One family for each metric, those without samples too, so that a dashboard finds them from the start."""
        for name, (text, labels) in COUNTERS.items():
            yield _filled(CounterMetricFamily(name, text, labels=labels), name, labels, self._counts)
        for name, (text, labels) in GAUGES.items():
            yield _filled(GaugeMetricFamily(name, text, labels=labels), name, labels, self._counts)
        numbers = [self._counts.get((TURNS, str(index)), 0) for index in range(len(BOUNDS_SECONDS) + 1)]
        yield duration_family(TURNS, TURNS_TEXT, numbers, self._counts.get((TURNS, "sum"), 0) / 1e6)


def duration_family(name: str, text: str, numbers: list[int], sum_seconds: float) -> Metric:
    """A histogram of the numbers that ``runtime/durations`` counts."""
    return HistogramMetricFamily(name, text, buckets=cumulative(numbers), sum_value=sum_seconds)


def _filled(
    family: CounterMetricFamily | GaugeMetricFamily, name: str, labels: tuple[str, ...], counts: Counts
) -> Metric:
    if not labels:
        family.add_metric((), counts.get((name,), 0))
        return family
    samples = dict.fromkeys(SHOWN_AT_ZERO.get(name, ()), 0) | {
        key[1:]: number for key, number in counts.items() if key[0] == name
    }
    for values in sorted(samples):
        family.add_metric(values, samples[values])
    return family
