"""``dnsd ask --why`` against a real server: five reasons, for people and for programs."""

import json
from typing import Any

import pytest
import yaml

REASONS = {
    "stays": ("in", "it is ready; "),
    "drained": ("out", "draining since"),
    "unready": ("out", "not ready"),
    "weightless": ("out", "weight is 0"),
    "gone": ("out", "was deregistered"),
}
"""Endpoint -> is it in the answer, and why."""


@pytest.fixture
def name(console: Any) -> str:
    """A service with an endpoint for each reason."""
    base = f"/v1/namespaces/{console.namespace}/services/web/endpoints"
    more = {"unready": {"ready": False}, "weightless": {"weight": 0}}
    for each in REASONS:
        console.put(f"{base}/{each}", {"address": "192.0.2.1", "ports": {"http": 80}, **more.get(each, {})})
    assert console.of("drain", "--service", "web", "--id", "drained").status == 0
    assert console.of("deregister", "--service", "web", "--id", "gone").status == 0
    return f"web.{console.namespace}.svc.cluster.local"


def test_five_reasons(console: Any, name: str) -> None:
    told = console.call("ask", "--why", f"_http._tcp.{name}", "SRV")
    assert (told.status, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0] == f"_http._tcp.{name}. SRV: NOERROR, 1 record of service {console.namespace}/web"
    assert lines[1].split() == [f"_http._tcp.{name}.", "5", "SRV", "0", "100", "80", f"stays.{name}."]
    why = {
        line.split()[1].rpartition("/")[2]: (line.split()[0], line) for line in lines if line.startswith(("in ", "out"))
    }
    assert {each: where for each, (where, _) in why.items()} == {each: where for each, (where, _) in REASONS.items()}
    for each, (_, reason) in REASONS.items():
        assert reason in why[each][1]
    assert any(line.startswith("TTL ") and "5 s: ttl_seconds of service" in line for line in lines)
    assert any(line.startswith("told by ") and "revision" in line for line in lines)


def test_no_answer_is_explained_too(console: Any, name: str) -> None:
    udp = console.call("ask", "--why", f"_http._udp.{name}", "SRV", "--size", "512")
    assert udp.status == 1
    assert "its port http is not UDP" in udp.out
    assert udp.err.startswith(f"dnsd ask: _http._udp.{name}. SRV: ")


def test_json_and_yaml_tell_the_same(console: Any, name: str) -> None:
    as_json = console.call("ask", "--why", name, "-o", "json")
    as_yaml = console.call("ask", "--why", name, "-o", "yaml")
    assert json.loads(as_json.out)["answer"] == yaml.safe_load(as_yaml.out)["answer"] != []


def test_wrong_calls(console: Any) -> None:
    assert console.call("ask", "--why", "a", "--dns", "127.0.0.1:53").status == 2
    refused = console.call("ask", "--why", "a", "--size", "9")
    assert (refused.status, "size is 512" in refused.err) == (1, True)
