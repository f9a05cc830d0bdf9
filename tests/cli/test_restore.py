"""``dnsd restore`` against a real server: what was deleted comes back, what stands stays."""

import json

import pytest


@pytest.fixture
def saved(console, tmp_path):
    """A backup of two endpoints."""
    for name in ("web-1", "web-2"):
        console.of("register", "--service", "web", "--id", name)
    file = tmp_path / "registry.jsonl"
    assert console.call("backup", "--file", str(file)).status == 0
    return file


def _restore(console, file, *words):
    return console.call("restore", "--file", str(file), *words, "-o", "json").document


def test_only_what_is_missing_comes_back(console, saved):
    console.of("deregister", "--service", "web", "--id", "web-1")
    console.of("register", "--service", "web", "--id", "web-2", "--weight", "7")
    assert _restore(console, saved, "--dry-run")["created"] == 1
    assert set(console.endpoints()) == {"web-2"}
    assert _restore(console, saved)["created"] == 1
    endpoints = console.endpoints()
    assert set(endpoints) == {"web-1", "web-2"}
    assert endpoints["web-2"]["weight"] == 7
    assert _restore(console, saved, "--replace")["changed"] == 1
    assert console.endpoints()["web-2"]["weight"] == 100
    assert console.call("restore", "--file", str(saved)).rows[0][:2] == ["0", "0"]


def test_what_is_no_whole_backup(console, saved, tmp_path):
    cut = tmp_path / "cut"
    cut.write_text("\n".join(saved.read_text().splitlines()[:-1]))
    assert "cut short" in console.call("restore", "--file", str(cut)).err
    cut.write_text("{}")
    assert "no backup" in console.call("restore", "--file", str(cut)).err
    cut.write_text('{"dnsd_backup": 1, "objects": 1}\n' + json.dumps({"kind": "endpoint", "namespace": "x"}))
    assert "/items/0/service" in console.call("restore", "--file", str(cut)).err
    cut.write_text("[" * 3000)
    assert "no backup" in console.call("restore", "--file", str(cut)).err
