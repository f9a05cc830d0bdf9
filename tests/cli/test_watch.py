"""``dnsd watch``: against a real server, and against one that breaks off on purpose."""

import asyncio
import json
import signal
import sys

import pytest

from dnsd.cli import watch
from dnsd.cli.client import Refused, Unreachable
from dnsd.cli.options import Connection

SERVICE = {"kind": "service", "namespace": "shop", "name": "web", "ports": [], "cluster_ips": [], "external_name": None}
GONE = (410, {"type": "/problems/gone", "title": "Deleted", "detail": "that past is trimmed"})


def event(kind: str, revision: int, **fields: object) -> str:
    document = SERVICE | {"revision": revision} | fields
    return f"id: e-{revision}\nevent: {kind}\ndata: {json.dumps(document)}\n\n"


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr("dnsd.cli.backoff.PAUSE_SECONDS_LEAST", 0.01)


def test_changes_are_shown_as_they_happen(console, tmp_path, wait_until):
    words = ["watch", "--server", console.server_url, "--namespace", console.namespace]
    plain = console.start(*words, folder=tmp_path)
    as_json = console.start(*words, "--service", "web", "--output", "json", folder=tmp_path)
    wait_until(lambda: console.watchers() >= 2, "both watch")
    console.of("register", "--service", "db", "--id", "db-1", "--port", "pg=5432", "--address", "192.0.2.1")
    console.of("register", "--service", "web", "--id", "web-1")
    console.of("deregister", "--service", "web", "--id", "web-1")
    lines = [plain.stdout.readline().split() for _ in range(6)]
    shown = [json.loads(as_json.stdout.readline()) for _ in range(4)]
    assert [line[:3] for line in lines[:4]] == [
        ["put", "service", f"{console.namespace}/db"],
        ["put", "endpoint", f"{console.namespace}/db/db-1"],
        ["put", "service", f"{console.namespace}/web"],
        ["put", "endpoint", f"{console.namespace}/web/web-1"],
    ]
    assert sorted(line[:3] for line in lines[4:]) == [
        ["delete", "endpoint", f"{console.namespace}/web/web-1"],
        ["delete", "service", f"{console.namespace}/web"],
    ]
    assert lines[1][3:6] == ["192.0.2.1", "pg=5432", "ready"]
    assert lines[4][3:5] == ["deleted", "revision"]
    assert [each["event"] for each in shown] == ["put", "put", "delete", "delete"]
    assert {each["object"].get("id") for each in shown} == {None, "web-1"}
    for process in (plain, as_json):
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert (tmp_path / "err").read_text() == ""


async def watched(server, count: int, output: str = "json", position: str = "") -> None:
    """Watch a scripted server until it was called ``count`` times."""
    watcher = watch._Watcher([("service", "web")], output)
    watcher._position = position
    task = asyncio.create_task(watcher.run(Connection((server.url,))))
    try:
        await server.came(count)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def positions(server) -> list[str | None]:
    return [headers.get("Last-Event-ID") for headers in server.headers]


async def test_it_resumes_behind_the_last_event_it_saw(scripted, no_pauses, capsys):
    server = await scripted()
    first = event("put", 7) + "id: e-8\nevent: put\ndata: {"
    server.answers = [(200, first), (503, {"title": "away"}), (200, "id: e-9\n\n"), (200, "")]
    await watched(server, 4)
    assert positions(server) == [None, "e-7", "e-7", "e-9"]
    shown = capsys.readouterr()
    assert [json.loads(line)["id"] for line in shown.out.splitlines()] == ["e-7"]
    assert "the server ended the stream; trying again" in shown.err


async def test_a_trimmed_past_is_said_and_it_goes_on_from_now(scripted, no_pauses, capsys):
    server = await scripted()
    server.answers = [(200, event("put", 7)), GONE, (200, event("put", 99)), (200, "")]
    await watched(server, 4, output="table")
    assert positions(server)[:3] == [None, "e-7", None]
    shown = capsys.readouterr()
    assert [line.split()[-1] for line in shown.out.splitlines()] == ["7", "99"]
    assert "changes were missed (Deleted: that past is trimmed)" in shown.err


async def test_a_reset_ends_the_stream_and_starts_anew(scripted, no_pauses, capsys):
    server = await scripted()
    reset = 'event: reset\ndata: {"kind": "reset", "detail": "too slow"}\n\n'
    server.answers = [(200, event("put", 7) + reset + event("put", 8)), (200, "")]
    await watched(server, 2)
    assert positions(server)[:2] == [None, None]
    shown = capsys.readouterr()
    assert [json.loads(line)["event"] for line in shown.out.splitlines()] == ["put", "reset"]
    assert "changes were missed (too slow)" in shown.err


async def test_a_crowded_server_is_asked_again_once_the_watch_stood(scripted, no_pauses):
    server = await scripted()
    server.answers = [(200, event("put", 7)), (429, {"title": "Too many"}), (200, "")]
    await watched(server, 3)
    assert positions(server)[:3] == [None, "e-7", "e-7"]


@pytest.mark.parametrize(
    ("answer", "failure"), [((403, {"title": "No"}), Refused), ((503, {"title": "away"}), Unreachable)]
)
async def test_a_watch_that_cannot_begin_fails_at_once(scripted, answer, failure):
    server = await scripted()
    server.answers = [answer]
    with pytest.raises(failure):
        await watch._Watcher([], "table").run(Connection((server.url,)))


async def test_what_is_no_event_of_ours_breaks_the_stream_only(scripted, no_pauses, capsys):
    server = await scripted()
    server.answers = [(200, "data: []\n\n"), (200, "data: {\n\n"), (200, "")]
    await watched(server, 3, output="table")
    assert capsys.readouterr().err.count("the server sent what is no event of dnsd's; trying again") == 2


def test_a_line_for_people():
    assert watch.change_text("put", SERVICE | {"revision": 3, "cluster_ips": ["192.0.2.1"]}).split() == [
        "put", "service", "shop/web", "192.0.2.1", "-", "revision", "3"
    ]  # fmt: skip
    removed = {"kind": "endpoint", "namespace": "shop", "service": "web", "id": "a", "cause": "expired", "revision": 4}
    assert watch.change_text("delete", removed).split() == [
        "delete",
        "endpoint",
        "shop/web/a",
        "expired",
        "revision",
        "4",
    ]


def test_a_command_rewrites_a_configuration_whenever_the_answer_changes(console, tmp_path, wait_until):
    file = tmp_path / "servers"
    script = tmp_path / "rewrite.py"
    script.write_text(
        "import json, sys\n"
        "told = [json.loads(line) for line in sys.stdin][-1]['object']\n"
        f"open({str(file)!r}, 'w').write(' '.join(each['data'] for each in told['answer']))\n"
    )
    name = f"web.{console.namespace}.svc.cluster.local"
    command = f"{sys.executable} {script}"
    words = ["watch", "--server", console.server_url, "--name", name, "--type", "A", "--exec", command]
    started = console.start(*words, folder=tmp_path)
    wait_until(lambda: file.exists(), "the answer of the start was written")
    assert file.read_text() == ""
    console.of("register", "--service", "web", "--id", "one", "--address", "192.0.2.1")
    wait_until(lambda: file.read_text() == "192.0.2.1", "the first endpoint is in the configuration")
    console.of("register", "--service", "web", "--id", "two", "--address", "192.0.2.2")
    wait_until(lambda: file.read_text() == "192.0.2.1 192.0.2.2", "so is the second")
    started.send_signal(signal.SIGINT)
    assert started.wait(10) == 130
    lines = started.stdout.read().splitlines()
    assert lines[0].startswith(f"answer  {name}. A  NXDOMAIN  revision ")
    assert lines[-1].startswith(f"answer  {name}. A  192.0.2.1, 192.0.2.2  revision ")


async def test_a_command_that_fails_is_told_and_run_again(scripted, capsys, no_pauses):
    server = await scripted()
    server.answers = [(200, event("put", 1), {"X-Break": "1"}), (200, event("put", 2), {"X-Break": "1"}), (400, {})]
    watcher = watch._Watcher([], "json", "cat >/dev/null; exit 3")
    with pytest.raises(Refused):
        await watcher.run(Connection((server.url,)))
    assert capsys.readouterr().err.count("the command ended with status 3") == 2


def test_yaml_documents(capsys):
    watcher = watch._Watcher([], "yaml")
    watcher._show(watch.Event("put", "", "e-1"), SERVICE | {"revision": 1})
    assert capsys.readouterr().out.startswith("---\nevent: put\nid: e-1\nobject:\n  kind: service\n")
