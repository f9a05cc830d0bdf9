"""Every call of the API has a command that makes it: the table of calls held against the commands themselves."""

import re
from contextlib import asynccontextmanager

import pytest

from dnsd.admin.calls import CALLS
from dnsd.cli import main
from dnsd.cli.client import Client
from dnsd.cli.failures import CommandFailed

ONE = ("--service", "web", "--id", "web-1")
COMMANDS = {
    ("put", "/v1/namespaces/{namespace}/services/{service}"): "declare --service web",
    ("put", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}"): "register ONE --address 192.0.2.1",
    ("get", "/v1/namespaces/{namespace}/services/{service}"): "show --service web",
    ("get", "/v1/services"): "list",
    ("get", "/v1/endpoints"): "list endpoints",
    ("get", "/v1/prometheus"): "targets",
    ("get", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}"): "show ONE",
    ("patch", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}"): "edit ONE --weight 7",
    ("post", "/v1/renew"): "renew ONE",
    ("get", "/v1/answer"): "ask --why web.default.svc.cluster.local",
    ("get", "/v1/watch"): "watch",
    ("post", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}/drain"): "drain ONE",
    ("post", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}/undrain"): "drain ONE --undo",
    ("post", "/v1/batch"): "batch -f FILE",
    ("post", "/v1/apply"): "apply -f FILE",
    ("put", "/v1/namespaces/{namespace}/services/{service}/endpoints"): "replace --service web -f FILE",
    ("delete", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}"): "deregister ONE",
    ("delete", "/v1/namespaces/{namespace}/services/{service}"): "deregister --service web --whole-service",
    ("get", "/v1/zones"): "list --zones",
    ("get", "/v1/zones/{zone}/file"): "export --zone cluster.local",
    ("post", "/v1/store/restore"): "store restore",
    ("post", "/v1/store/adopt"): "store adopt",
    ("get", "/v1/backup"): "backup",
    ("post", "/v1/restore"): "restore --file BACKUP",
    ("get", "/v1/replicas"): "list --replicas",
    ("post", "/v1/tokens"): "token create --name ci --verb read",
    ("get", "/v1/tokens"): "token list",
    ("delete", "/v1/tokens/{token}"): "token revoke 0123456789abcdef",
    ("get", "/v1/audit"): "audit",
    ("get", "/readyz"): "status",
}
WITHOUT = {
    ("get", "/v1/namespaces/{namespace}/services"): "`dnsd list --namespace` lists them by /v1/services",
    ("post", "/v1/namespaces/{namespace}/services/{service}/endpoints/{id}/renew"): "the heartbeat of `dnsd run`; "
    "by hand `dnsd renew` does one as it does many",
    ("get", "/livez"): "for supervisors: `dnsd status` says more",
    ("get", "/metrics"): "for Prometheus",
    ("get", "/openapi.json"): "for tools: the commands are described by --help and `dnsd manual`",
    ("get", "/problems/{slug}"): "the command's error is that text",
}
MANIFEST = '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}'
BACKUP = '{"dnsd_backup": 1, "objects": 1}\n{"kind": "service", "namespace": "default", "name": "web"}\n'


def test_each_call_is_named_once() -> None:
    described = {(call.method, call.path) for call in CALLS}
    assert COMMANDS.keys() | WITHOUT.keys() == described
    assert not COMMANDS.keys() & WITHOUT.keys()


@pytest.mark.parametrize("called", COMMANDS, ids=lambda called: " ".join(called))
def test_the_command_makes_the_call(called, monkeypatch, tmp_path, capsys) -> None:
    made = []

    async def call(_client, method, path, **_more):
        made.append((method.lower(), path))
        raise CommandFailed("the test has seen enough")

    @asynccontextmanager
    async def stream(_client, path, _query, _headers):
        made.append(("get", path))
        raise CommandFailed("the test has seen enough")
        yield

    monkeypatch.setattr(Client, "call", call)
    monkeypatch.setattr(Client, "stream", stream)
    (tmp_path / "manifest").write_text(MANIFEST)
    (tmp_path / "backup").write_text(BACKUP)
    line = COMMANDS[called].replace("FILE", str(tmp_path / "manifest")).replace("BACKUP", str(tmp_path / "backup"))
    words = line.replace("ONE", " ".join(ONE)).split()
    main.main([*words, "--server", "http://127.0.0.1:1"])
    method, path = called
    form = re.compile(re.sub(r"\\\{[a-z]+\\\}", "[^/]+", re.escape(path)))
    assert any(each == method and form.fullmatch(where) for each, where in made), (made, capsys.readouterr().err)
