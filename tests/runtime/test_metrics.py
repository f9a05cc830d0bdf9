from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dnsd.runtime import counts as counts_module
from dnsd.runtime.counts import TURNS, Counts
from dnsd.runtime.metrics import COUNTERS, GAUGES, DnsCollector


def _text(counts: Counts) -> str:
    registry, collector = CollectorRegistry(), DnsCollector()
    registry.register(collector)
    collector.show(counts)
    return generate_latest(registry).decode()


def _samples(counts: Counts) -> dict[str, dict[tuple[str, ...], float]]:
    families = text_string_to_metric_families(_text(counts))
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
    assert set(samples) == {*COUNTERS, *GAUGES, TURNS}
    assert samples["dnsd_dns_tcp_accepted"] == {(): 0}
    assert samples["dnsd_dns_requests"] == {}


def test_faults_of_our_own_are_shown_at_zero_and_the_first_is_an_increase():
    assert _samples({})["dnsd_dns_failures"] == {("udp",): 0, ("tcp",): 0, ("tls",): 0, ("https",): 0}
    assert _samples({("dnsd_dns_failures", "tcp"): 1})["dnsd_dns_failures"][("tcp",)] == 1


def test_counters_end_in_total_and_say_what_they_count():
    text = _text({("dnsd_dns_requests", "udp", "A"): 1})
    assert 'dnsd_dns_requests_total{qtype="A",transport="udp"} 1.0' in text
    assert "# HELP dnsd_dns_requests_total Questions that got an answer" in text


def test_the_gauges_are_those_that_are_not_added_up_over_dead_processes():
    assert set(GAUGES) == counts_module.GAUGES


def test_the_turns_of_all_responders_are_one_histogram():
    collector = DnsCollector()
    collector.show({(TURNS, "2"): 3, (TURNS, "15"): 1, (TURNS, "sum"): 12_000_000})
    family = next(each for each in collector.collect() if each.name == TURNS)
    told = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    assert told["0.00025"] == 0
    assert told["0.0005"] == told["10.0"] == 3
    assert told["+Inf"] == told[f"{TURNS}_count"] == 4
    assert told[f"{TURNS}_sum"] == 12.0
