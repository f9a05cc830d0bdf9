"""``dnsd batch`` against a real server."""

import json

import pytest


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


@pytest.mark.parametrize(
    "text", ["operations: 2026-11-21", "2026-11-21: 1", "operations: !!binary aGk=", "&a [*a]", "[" * 3000]
)
def test_yaml_that_json_cannot_say(console, tmp_path, text):
    file = tmp_path / "batch.yaml"
    file.write_text(text)
    done = console.call("batch", "-f", str(file))
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert str(file) in done.err


def test_an_empty_file_says_what_is_missing(console, tmp_path):
    file = tmp_path / "batch.yaml"
    file.write_text("")
    done = console.call("batch", "-f", str(file))
    assert (done.status, done.err) == (2, f"dnsd batch: {file} holds nothing\n")
