"""Targets for Prometheus' HTTP service discovery."""

from typing import Any

ENDPOINTS = "/v1/namespaces/default/services/web/endpoints"


async def test_each_address_and_tcp_port_is_a_target(replica: Any) -> None:
    ports = [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9100}]
    ports.append({"name": "dns", "protocol": "UDP", "port": 53})
    body = {"addresses": ["192.0.2.10", "2001:db8::10"], "ports": ports, "metadata": {"build-id": "7"}}
    assert (await replica.call("PUT", f"{ENDPOINTS}/web-1", body)).status == 201
    listed = await replica.call("GET", "/v1/prometheus")
    assert listed.headers["Content-Type"] == "application/json; charset=utf-8"
    labels = {
        "__meta_dnsd_namespace": "default",
        "__meta_dnsd_service": "web",
        "__meta_dnsd_endpoint": "web-1",
        "__meta_dnsd_state": "ready",
        "__meta_dnsd_label_build_id": "7",
    }
    assert listed.document == [
        {
            "targets": [f"192.0.2.10:{port}", f"[2001:db8::10]:{port}"],
            "labels": {**labels, "__meta_dnsd_port_name": name},
        }
        for name, port in (("http", 8080), ("metrics", 9100))
    ]


async def test_targets_are_chosen_by_namespace_service_state_label_and_port(replica: Any) -> None:
    for number, ready in ((1, True), (2, False)):
        body = {"address": f"192.0.2.{number}", "ports": {"http": 80, "metrics": 9100}, "ready": ready}
        body["metadata"] = {"zone": f"z{number}"}
        assert (await replica.call("PUT", f"{ENDPOINTS}/web-{number}", body)).status == 201

    async def targets(query: str) -> list[str]:
        listed = await replica.call("GET", f"/v1/prometheus?{query}")
        assert listed.status == 200
        return [target for group in listed.document for target in group["targets"]]

    assert await targets("port=metrics") == ["192.0.2.1:9100", "192.0.2.2:9100"]
    assert await targets("port=metrics&state=ready") == ["192.0.2.1:9100"]
    assert await targets("port=http&label=zone%3Dz2") == ["192.0.2.2:80"]
    assert len(await targets("namespace=default&service=web")) == 4
    assert await targets("namespace=elsewhere") == []
    assert await targets("service=nobody") == []
    assert (await replica.call("GET", "/v1/prometheus?colour=red")).status == 400
