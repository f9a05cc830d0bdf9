"""A replica that may stand on a network: TLS, tokens, clients' certificates, and what is refused before it starts."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from certificates import Authority
from room import require
from waiting import until

from dnsd.model.token import parts_of

PLAIN = {"address": "192.0.2.1", "lease_seconds": None}


class Secured:
    """``dnsd serve`` with TLS and tokens, and its clients curl and dnsd."""

    def __init__(self, folder: Path, name: str, *flags: str) -> None:
        self.folder = folder
        self.log = folder / f"{name}.log"
        words = ["--dns", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--replica", name, "--lame-duck-seconds", "0"]
        words += ["--state-dir", str(folder / name), "--tls-cert", str(folder / "server.crt"), "--workers", "0"]
        words += ["--tls-key", str(folder / "server.key"), "--tls-client-ca", str(folder / "ca.crt"), "--tokens"]
        words += ["--root-token-file", str(folder / "root.token"), *flags]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dnsd", "serve", *words], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "admin https://" in line, self.log.read_text()
        self.url = line.partition("admin ")[2].split(" ")[0]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def curl(self, path: str, *words: str, token: str = "") -> tuple[int, str]:
        """Status and body."""
        if token:
            config = self.folder / "curl.conf"
            config.write_text(f'header = "Authorization: Bearer {token}"\n')
            words = ("--config", str(config), *words)
        command = ["curl", "-sS", "--cacert", str(self.folder / "ca.crt"), "-w", "\n%{http_code}", *words]
        done = subprocess.run([*command, self.url + path], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def dnsd(self, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """One command."""
        command = [sys.executable, "-m", "dnsd", words[0], *words[1:], "--server", self.url]
        command += ["--ca-file", str(self.folder / "ca.crt")]
        environ = {**os.environ, "DNSD_TOKEN": token}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ, check=False)

    def serial(self) -> str | None:
        """The number of the certificate that a new connection is shown."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        host, _, port = self.url.removeprefix("https://").rpartition(":")
        with (
            socket.create_connection((host, int(port)), 10) as plain,
            context.wrap_socket(plain, server_hostname=host) as tunnel,
        ):
            return str((tunnel.getpeercert() or {})["serialNumber"])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    require("openssl", "curl")
    made = Authority(tmp_path)
    made.sign("server", "/CN=dnsd", "IP:127.0.0.1")
    return made


@pytest.fixture(scope="module")
def root_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("root") / "root.token"
    command = [sys.executable, "-m", "dnsd", "token", "bootstrap", "--file", str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return file


@pytest.fixture
def root(tmp_path: Path, root_file: Path) -> str:
    """The first token; its file is the test's own."""
    return Path(shutil.copy(root_file, tmp_path)).read_text().strip()


@pytest.fixture
def secured(tmp_path: Path, authority: Authority, root: str) -> Iterator[Callable[..., Secured]]:
    started: list[Secured] = []

    def start(name: str = "one", *flags: str) -> Secured:
        started.append(Secured(tmp_path, name, *flags))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_from_the_first_token_to_a_revoked_one(secured, authority, root, tmp_path) -> None:
    one = secured()
    assert one.curl("/readyz")[0] == 200
    assert one.curl("/v1/services")[0] == 401
    assert one.dnsd("list").returncode == 1
    assert one.dnsd("list", token=root).returncode == 0

    made = one.dnsd("token", "create", "--name", "ci", "--grant", "register:team-*:*:192.0.2.0/24", token=root)
    token = made.stdout.strip()
    words = ["-X", "PUT", "-H", "content-type: application/json", "-d", json.dumps(PLAIN)]
    assert one.curl("/v1/namespaces/team-a/services/web/endpoints/a", *words, token=token)[0] == 201
    assert one.curl("/v1/namespaces/other/services/web/endpoints/a", *words, token=token)[0] == 403
    words[-1] = json.dumps(PLAIN | {"address": "198.51.100.1"})
    status, body = one.curl("/v1/namespaces/team-a/services/web/endpoints/a", *words, token=token)
    assert (status, "may not register 198.51.100.1" in body) == (403, True)

    client = authority.sign("client", "/O=acme/CN=prometheus")
    certificate = ("--cert", client.certificate, "--key", client.key)
    assert one.curl("/v1/services", *certificate)[0] == 401
    said = ["--name", "prometheus", "--verb", "read", "--subject", "CN=prometheus,O=acme"]
    assert one.dnsd("token", "create", *said, token=root).returncode == 0
    assert one.curl("/v1/services", *certificate)[0] == 200
    assert one.curl("/metrics", *certificate)[0] == 200
    assert one.curl("/v1/audit", *certificate)[0] == 403
    shown = one.dnsd("list", "--client-cert", client.certificate, "--client-key", client.key)
    assert (shown.returncode, "team-a" in shown.stdout) == (0, True)

    told = [each["who"] for each in json.loads(one.dnsd("audit", "-o", "json", token=root).stdout)["items"]]
    identifier, secret = parts_of(token)
    assert told == ["root", f"token ci ({identifier})", "root"]

    assert one.dnsd("token", "revoke", identifier, token=root).returncode == 0
    assert one.curl("/v1/services", token=token)[0] == 401

    commands = Path(f"/proc/{one.process.pid}/cmdline").read_bytes().decode()
    places = [one.log.read_text(), one.curl("/metrics", token=root)[1], one.curl("/readyz")[1], commands]
    for each in places:
        assert secret not in each
        assert root not in each
        assert parts_of(root)[1] not in each


def test_revoked_on_every_replica_and_good_with_the_store_away(secured, root, make_server) -> None:
    store = make_server("redis")
    one, two = secured("one", "--redis", store.url), secured("two", "--redis", store.url)
    tokens = [one.dnsd("token", "create", "--name", name, "--verb", "read", token=root).stdout.strip() for name in "ab"]
    for token in tokens:
        until(lambda token=token: two.curl("/v1/services", token=token)[0] == 200, "the other replica knows it")
    assert one.dnsd("token", "revoke", parts_of(tokens[0])[0], token=root).returncode == 0
    until(lambda: two.curl("/v1/services", token=tokens[0])[0] == 401, "the other replica takes it no more")
    store.kill()
    until(lambda: not json.loads(two.curl("/readyz")[1])["connected"], "the store is missed")
    assert two.curl("/v1/services", token=tokens[1])[0] == 200
    assert two.curl("/v1/services", token=tokens[0])[0] == 401
    assert two.curl("/v1/tokens", token=root)[0] == 200


def kept_open(one: Secured) -> http.client.HTTPSConnection:
    """A connection that stays open from call to call."""
    context = ssl.create_default_context(cafile=str(one.folder / "ca.crt"))
    host, _, port = one.url.removeprefix("https://").rpartition(":")
    return http.client.HTTPSConnection(host, int(port), timeout=20, context=context)


def status_of(connection: http.client.HTTPSConnection, method: str, path: str, token: str) -> int:
    """Of one call, its body read, so that the connection can be used again."""
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
    reply = connection.getresponse()
    reply.read()
    return reply.status


def test_a_revoked_token_is_over_on_the_other_replica_within_2_seconds(secured, root, make_server) -> None:
    store = make_server("redis")
    one, two = secured("one", "--redis", store.url), secured("two", "--redis", store.url)
    token = one.dnsd("token", "create", "--name", "a", "--verb", "read", token=root).stdout.strip()
    until(lambda: two.curl("/v1/services", token=token)[0] == 200, "the other replica knows it")
    with closing(kept_open(one)) as operator, closing(kept_open(two)) as kept, closing(kept_open(two)) as watching:
        assert status_of(operator, "GET", "/v1/tokens", root) == 200
        assert status_of(kept, "GET", "/v1/services", token) == 200
        watching.request("GET", "/v1/watch", headers={"Authorization": f"Bearer {token}"})
        stream = watching.getresponse()
        assert stream.status == 200
        assert status_of(operator, "DELETE", f"/v1/tokens/{parts_of(token)[0]}", root) == 200
        revoked = time.monotonic()
        until(lambda: status_of(kept, "GET", "/v1/services", token) == 401, "a kept connection is refused")
        refused_seconds = time.monotonic() - revoked
        with suppress(http.client.HTTPException, OSError):  # broken off in the middle
            while stream.read1():
                pass
        ended_seconds = time.monotonic() - revoked
        stream.close()
    print(f"\nrefused after {refused_seconds:.2f} s, the stream over after {ended_seconds:.2f} s")
    assert max(refused_seconds, ended_seconds) <= 2


def test_renewed_certificates_and_root_token_are_taken_without_a_restart(secured, authority, root, tmp_path) -> None:
    one = secured()
    first = one.serial()
    command = ["curl", "-sS", "--cacert", str(tmp_path / "ca.crt"), "--max-time", "60", "-o", str(tmp_path / "stream")]
    config = tmp_path / "stream.conf"
    config.write_text(f'header = "Authorization: Bearer {root}"\n')
    stream = subprocess.Popen([*command, "-N", "--config", str(config), f"{one.url}/v1/watch"])
    try:
        until(lambda: (tmp_path / "stream").exists() and (tmp_path / "stream").stat().st_size > 0, "the stream begins")
        authority.sign("server", "/CN=renewed", "IP:127.0.0.1")  # key and certificate, one after the other
        until(lambda: one.serial() != first, "the new certificate is shown")

        second = one.serial()
        shutil.copy(tmp_path / "server.crt", tmp_path / "good.crt")
        (tmp_path / "server.crt").write_text("broken")
        until(lambda: "the certificates stay as they were" in one.log.read_text(), "what is wrong is told")
        assert one.serial() == second
        shutil.copy(tmp_path / "good.crt", tmp_path / "server.crt")

        (tmp_path / "root.token").unlink()
        bootstrap = [sys.executable, "-m", "dnsd", "token", "bootstrap", "--file", str(tmp_path / "root.token")]
        subprocess.run(bootstrap, check=True, capture_output=True, timeout=60)
        renewed = (tmp_path / "root.token").read_text().strip()
        assert one.curl("/v1/tokens", token=renewed)[0] == 401
        assert stream.poll() is None, "what was under way went on under renewed certificates"
        one.process.send_signal(signal.SIGHUP)
        until(lambda: one.curl("/v1/tokens", token=renewed)[0] == 200, "the new root token is taken")
        assert one.curl("/v1/tokens", token=root)[0] == 401
        stream.wait(30)  # the token that it was let in by is over
    finally:
        stream.kill()
        stream.wait(20)


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--admin", "0.0.0.0:0"], ["admin", "tls_cert", "tls_key", "tokens", "insecure"]),
        (["--admin", "0.0.0.0:0", "--tokens"], ["admin", "tls_cert", "insecure"]),
        (["--admin", "0.0.0.0:0", "--tls-cert", "server.crt", "--tls-key", "server.key"], ["admin", "tokens"]),
        (["--tls-cert", "server.crt"], ["tls_cert", "tls_key"]),
        (["--tls-cert", "server.crt", "--tls-key", "none.key"], ["tls_key", "none.key"]),
        (["--root-token-file", "ca.crt"], ["root_token_file"]),
    ],
)
def test_unsafe_settings_are_refused_in_one_line(authority, tmp_path, flags, names) -> None:
    command = [sys.executable, "-m", "dnsd", "serve", "--dns", "127.0.0.1:0", "--state-dir", str(tmp_path / "state")]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr
    for name in names:
        assert name in done.stderr
