"""``dnsd token`` against a real server."""

import os
import re

import pytest

from dnsd.model.token import parts_of


def test_made_listed_and_revoked(console):
    made = console.call("token", "create", "--name", "ci", "--verb", "read", "--match", "web-*", "--expires", "90d")
    assert made.status == 0
    identifier, secret = parts_of(made.out.strip())
    assert "not shown again" in made.err
    assert secret not in made.err
    listed = console.call("token", "list")
    [row] = [row for row in listed.rows if row[0] == identifier]
    assert row[1:3] == ["ci", "read:*:web-*"]
    assert secret not in listed.out
    assert console.call("token", "revoke", identifier).status == 0
    assert identifier not in console.call("token", "list").out
    gone = console.call("token", "revoke", identifier)
    assert (gone.status, "no token" in gone.err) == (1, True)


def test_several_grants_in_a_file_of_ones_own(console, tmp_path):
    file = tmp_path / "web.token"
    words = ["--grant", "read:*:*", "--grant", "register,drain:team-*:web:10.0.0.0/8,fd00::/8", "--file", str(file)]
    made = console.call("token", "create", "--name", "web", *words, "--output", "json")
    assert made.status == 0
    assert "token" not in made.document
    assert made.document["grants"] == [
        {"verbs": ["read"], "namespace": "*", "service": "*", "addresses": None},
        {
            "verbs": ["register", "drain"],
            "namespace": "team-*",
            "service": "web",
            "addresses": ["10.0.0.0/8", "fd00::/8"],
        },
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    identifier, _ = parts_of(file.read_text().strip())
    assert identifier == made.document["id"]
    again = console.call("token", "create", "--name", "web", *words)
    assert (again.status, "exists already" in again.err) == (2, True)
    assert console.call("list", "--token-file", str(file)).status == 0
    assert console.call("token", "revoke", identifier, "-o", "json").document["name"] == "web"


def test_a_certificate_has_no_secret(console):
    made = console.call("token", "create", "--name", "prometheus", "--verb", "read", "--subject", "CN=p,O=acme")
    assert (made.status, made.out) == (0, "")
    identifier = re.search("[0-9a-f]{16}", made.err)[0]
    assert "prometheus (CN=p,O=acme)" in console.call("token", "list").out
    assert console.call("token", "revoke", identifier).status == 0


def test_the_first_token_needs_no_server(console, tmp_path, monkeypatch):
    monkeypatch.setenv("DNSD_SERVER", "http://127.0.0.1:9")
    file = tmp_path / "root.token"
    assert console.call("token", "bootstrap", "--file", str(file)).status == 0
    assert parts_of(file.read_text().strip())
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    again = console.call("token", "bootstrap", "--file", str(file))
    assert (again.status, again.err) == (1, f"dnsd token: --file {file}: {os.strerror(17)}\n")
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["revoke"], "an ID goes with revoke"),
        (["list", "x"], "an ID goes with revoke"),
        (["revoke", "dnsd_x"], "16 hexadecimal digits"),
        (["bootstrap"], "--file FILE"),
        (["create", "--verb", "read"], "--name is missing"),
        (["create", "--name", "a"], "what may it do?"),
        (["create", "--name", "a", "--namespace", "b"], "go with --verb"),
        (["create", "--name", "a", "--grant", "read"], "write VERBS:NAMESPACE:SERVICE"),
        (["create", "--name", "a", "--grant", "read::web"], "write VERBS:NAMESPACE:SERVICE"),
        (["create", "--name", "a", "--verb", "read", "--expires", "soon"], "write 90d"),
    ],
)
def test_wrong_calls(console, words, said):
    told = console.call("token", *words)
    assert (told.status, said in told.err) == (2, True), told.err


def test_what_the_server_refuses_is_said(console):
    told = console.call("token", "create", "--name", "a", "--grant", "write:*:*")
    assert (told.status, "/grants/0/verbs/0" in told.err) == (1, True), told.err
