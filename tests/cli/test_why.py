"""``dnsd ask --why`` against a real server: five reasons, for people and for programs."""

import json
from typing import Any

import yaml


def test_five_reasons(console: Any) -> None:
    base = f"/v1/namespaces/{console.namespace}/services/web/endpoints"
    for identifier, more in {
        "stays": {},
        "drained": {},
        "unready": {"ready": False},
        "weightless": {"weight": 0},
        "gone": {},
    }.items():
        console.put(f"{base}/{identifier}", {"address": "192.0.2.1", "ports": {"http": 80}, **more})
    assert console.of("drain", "--service", "web", "--id", "drained").status == 0
    assert console.of("deregister", "--service", "web", "--id", "gone").status == 0
    name = f"web.{console.namespace}.svc.cluster.local"

    told = console.call("ask", "--why", f"_http._tcp.{name}", "SRV")
    assert (told.status, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0] == f"_http._tcp.{name}. SRV: NOERROR, 1 record of service {console.namespace}/web"
    assert lines[1].split() == [f"_http._tcp.{name}.", "5", "SRV", "0", "100", "80", f"stays.{name}."]
    why = {
        line.split()[1].rpartition("/")[2]: (line.split()[0], line) for line in lines if line.startswith(("in ", "out"))
    }
    assert {each: why[each][0] for each in why} == {
        "stays": "in",
        "drained": "out",
        "unready": "out",
        "weightless": "out",
        "gone": "out",
    }
    for each, text in {
        "stays": "it is ready; ",
        "drained": "draining since",
        "unready": "not ready",
        "weightless": "weight is 0",
        "gone": "was deregistered",
    }.items():
        assert text in why[each][1]
    assert any(line.startswith("TTL ") and "5 s: ttl_seconds of service" in line for line in lines)
    assert any(line.startswith("told by ") and "revision" in line for line in lines)

    udp = console.call("ask", "--why", f"_http._udp.{name}", "SRV", "--size", "512")
    assert udp.status == 1
    assert "its port http is not UDP" in udp.out
    assert udp.err.startswith(f"dnsd ask: _http._udp.{name}. SRV: ")

    as_json = console.call("ask", "--why", name, "-o", "json")
    as_yaml = console.call("ask", "--why", name, "-o", "yaml")
    assert json.loads(as_json.out)["answer"] == yaml.safe_load(as_yaml.out)["answer"] != []


def test_wrong_calls(console: Any) -> None:
    assert console.call("ask", "--why", "a", "--dns", "127.0.0.1:53").status == 2
    refused = console.call("ask", "--why", "a", "--size", "9")
    assert (refused.status, "size is 512" in refused.err) == (1, True)
