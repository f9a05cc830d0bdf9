"""``dnsd backup`` against a real server."""

import json
import os


def test_the_whole_registry_in_lines(console, tmp_path):
    console.of("register", "--service", "web", "--id", "web-1")
    file = tmp_path / "registry.jsonl"
    assert console.call("backup", "--file", str(file)).status == 0
    head, *objects = [json.loads(line) for line in file.read_text().splitlines()]
    assert (head["dnsd_backup"], head["objects"]) == (1, len(objects))
    assert ("endpoint", console.namespace) in {(each["kind"], each["namespace"]) for each in objects}
    assert console.call("backup").out.splitlines()[1:]


def test_a_file_that_cannot_be(console, tmp_path):
    done = console.call("backup", "--file", str(tmp_path / "no" / "file"))
    assert done.status == 1
    assert "No such file" in done.err


def test_a_device_is_not_replaced_by_a_file(console, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = console.call("backup", "--file", str(pipe))
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "no ordinary file" in done.err
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]
    assert pipe.is_fifo()
