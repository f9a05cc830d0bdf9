"""``dnsd batch`` against a real server."""

import json


def test_all_or_nothing(console, tmp_path):
    place = {"kind": "endpoint", "namespace": console.namespace, "service": "web"}
    value = {"address": "192.0.2.1", "lease_seconds": None}
    operations = [{"op": "put", **place, "id": each, "value": value} for each in ("one", "two")]
    file = tmp_path / "batch.json"
    file.write_text(json.dumps({"operations": operations}))
    told = console.call("batch", "-f", str(file))
    assert (told.status, [row[0] for row in told.rows]) == (0, ["created", "created"])
    file.write_text(json.dumps({"operations": [{"op": "delete", **place, "id": each} for each in ("one", "none")]}))
    assert console.call("batch", "-f", str(file)).status == 1
    assert set(console.endpoints()) == {"one", "two"}
