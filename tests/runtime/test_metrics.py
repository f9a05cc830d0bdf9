from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dnsd.model.message import RRType
from dnsd.runtime.metrics import COUNTERS, GAUGES, Counts, CountsCollector, add, qtype_label, rcode_label


def _samples(counts: Counts) -> dict[str, dict[tuple[str, ...], float]]:
    registry = CollectorRegistry()
    registry.register(CountsCollector(lambda: counts))
    text = generate_latest(registry).decode()
    families = text_string_to_metric_families(text)
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples} for family in families
    }


def test_counts_are_shown_by_their_labels():
    counts = {
        ("dnsd_dns_requests", "udp", "A"): 7,
        ("dnsd_dns_requests", "tcp", "SRV"): 2,
        ("dnsd_dns_responses", "NXDOMAIN"): 3,
        ("dnsd_dns_tcp_accepted",): 5,
        ("dnsd_dns_tcp_connections",): 4,
    }
    samples = _samples(counts)
    assert samples["dnsd_dns_requests"] == {("A", "udp"): 7, ("SRV", "tcp"): 2}  # in the order of their labels
    assert samples["dnsd_dns_responses"] == {("NXDOMAIN",): 3}
    assert samples["dnsd_dns_tcp_accepted"] == {(): 5}
    assert samples["dnsd_dns_tcp_connections"] == {(): 4}


def test_every_metric_is_there_before_anything_was_counted():
    samples = _samples({})
    assert set(samples) == {*COUNTERS, *GAUGES}
    assert samples["dnsd_dns_tcp_accepted"] == {(): 0}
    assert samples["dnsd_dns_requests"] == {}


def test_counters_end_in_total_and_say_what_they_count():
    registry = CollectorRegistry()
    registry.register(CountsCollector(lambda: {("dnsd_dns_requests", "udp", "A"): 1}))
    text = generate_latest(registry).decode()
    assert 'dnsd_dns_requests_total{qtype="A",transport="udp"} 1.0' in text
    assert "# HELP dnsd_dns_requests_total Questions that got an answer" in text


def test_types_and_codes_are_few_whatever_strangers_send():
    assert {qtype_label(number) for number in range(65_536)} - {"other"} >= {
        each.name for each in RRType if each not in (RRType.OPT, RRType.TSIG)
    }
    assert len({qtype_label(number) for number in range(65_536)}) < 25
    assert [rcode_label(number) for number in range(16)][3:] == ["NXDOMAIN", "NOTIMP", "REFUSED", *["other"] * 10]


def test_counts_add_up():
    total = {("a",): 1}
    add(total, {("a",): 2, ("b", "x"): 3})
    assert total == {("a",): 3, ("b", "x"): 3}
