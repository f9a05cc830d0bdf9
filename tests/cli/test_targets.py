"""``dnsd targets`` against a real server."""


def test_targets_for_prometheus_and_for_people(console):
    path = f"/v1/namespaces/{console.namespace}/services/web/endpoints/web-1"
    console.put(path, {"addresses": ["192.0.2.7", "2001:db8::7"], "ports": {"http": 80, "metrics": 9100}})
    within = ("--namespace", console.namespace)
    [group] = console.call("targets", *within, "--port", "metrics", "-o", "json").document
    assert group["targets"] == ["192.0.2.7:9100", "[2001:db8::7]:9100"]
    assert group["labels"]["__meta_dnsd_endpoint"] == "web-1"
    rows = console.call("targets", *within, "--service", "web", "--state", "ready").rows
    told = [console.namespace, "web", "web-1"]
    assert sorted(rows) == sorted(
        [f"{address}:{port}", *told, name, "ready"]
        for name, port in (("http", 80), ("metrics", 9100))
        for address in ("192.0.2.7", "[2001:db8::7]")
    )
    assert console.call("targets", *within, "--label", "app=none").rows == []
