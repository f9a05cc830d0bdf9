"""``dnsd audit`` against a real server."""

import pytest


def test_who_wrote_what(console):
    path = f"/v1/namespaces/{console.namespace}/services/web/endpoints/web-1"
    console.put(path, {"address": "192.0.2.1", "lease_seconds": None})
    told = console.call("audit", "--last", "1")
    assert told.status == 0
    assert told.out.splitlines()[0].split() == ["WHEN", "WHO", "FROM", "REPLICA", "REVISION", "WHAT"]
    assert told.rows[0][2:4] == ["anybody", "127.0.0.1"]
    assert told.out.endswith(f"created endpoint {console.namespace}/web/web-1\n")
    [item] = console.call("audit", "--last", "1", "--output", "json").document["items"]
    assert item["what"] == f"created endpoint {console.namespace}/web/web-1"
    assert item["revision"] == console.get(path)["revision"]


@pytest.mark.parametrize("last", ["0", "100001"])
def test_how_many(console, last):
    assert console.call("audit", "--last", last).status == 2
