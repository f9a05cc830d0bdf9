"""Certificates of openssl's making, read, refused, seen to change; and subjects as openssl prints them."""

import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from certificates import Authority

from dnsd.model.errors import InvalidSetting
from dnsd.runtime.tls import Tls, subjects_of


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, object] | None:
    """What the server sees of the client's certificate."""
    ours, theirs = socket.socketpair()
    seen: list[object] = []

    def accept() -> None:
        with server.wrap_socket(theirs, server_side=True) as tunnel:
            seen.append(tunnel.getpeercert())
            tunnel.send(b"x")

    thread = threading.Thread(target=accept)
    thread.start()
    with client.wrap_socket(ours, server_hostname="localhost") as tunnel:
        assert tunnel.recv(1) == b"x"
    thread.join(20)
    return seen[0] or None  # type: ignore[return-value]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("subject", ["/O=acme/CN=web", "/C=DE/ST=Nord/L=Ort/O=a, b+c/OU=x/CN=Größe", "/DC=net/UID=7"])
def test_a_subject_is_what_openssl_prints(authority: Authority, subject: str) -> None:
    server = authority.sign("server", "/CN=server", "DNS:localhost")
    pair = authority.sign("client", subject, "URI:spiffe://acme/web", "DNS:web.example")
    theirs = ssl.create_default_context(cafile=authority.certificate)
    theirs.load_cert_chain(pair.certificate, pair.key)
    seen = handshake(Tls(server.certificate, server.key, authority.certificate).context(), theirs)
    options = ["-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8"]
    told = subprocess.run(
        ["openssl", "x509", "-in", pair.certificate, *options], capture_output=True, text=True, check=True
    )
    assert subjects_of(seen) == [told.stdout.strip().removeprefix("subject=").strip(), "URI:spiffe://acme/web"]


def test_nobody_has_no_subject(authority: Authority) -> None:
    server = authority.sign("server", "/CN=server", "DNS:localhost")
    theirs = ssl.create_default_context(cafile=authority.certificate)
    assert subjects_of(handshake(Tls(server.certificate, server.key, authority.certificate).context(), theirs)) == []
    assert subjects_of(None) == []
    assert subjects_of({}) == []


def test_what_ends_in_a_space_or_begins_with_a_sharp_is_escaped() -> None:
    assert subjects_of({"subject": ((("commonName", "#a "),),)}) == ["CN=\\#a\\ "]
    assert subjects_of({"subject": ((("commonName", "a"), ("userId", "b")), (("title", 'x"'),))}) == [
        'title=x\\",CN=a+UID=b'
    ]


def test_old_protocols_are_refused(authority: Authority) -> None:
    server = authority.sign("server", "/CN=server", "DNS:localhost")
    assert Tls(server.certificate, server.key).context().minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_change_of_any_file_is_seen(authority: Authority, tmp_path: Path) -> None:
    pair = Authority(tmp_path, "own").sign("server", "/CN=server")
    tls = Tls(pair.certificate, pair.key, authority.certificate)
    tls.context()
    assert not tls.has_changed()
    for path in (pair.certificate, pair.key):
        os.utime(path, ns=(1, 1))
        assert tls.has_changed()
        tls.context()
        assert not tls.has_changed()
    Path(pair.key).unlink()
    assert tls.has_changed()


@pytest.mark.parametrize("which", ["tls_cert", "tls_key", "tls_client_ca"])
@pytest.mark.parametrize("what", ["absent", "garbage"])
def test_a_file_that_is_wrong_is_named(authority: Authority, tmp_path: Path, which: str, what: str) -> None:
    pair = authority.sign("server", "/CN=server")
    files = {"tls_cert": pair.certificate, "tls_key": pair.key, "tls_client_ca": authority.certificate}
    wrong = tmp_path / "wrong"
    if what == "garbage":
        wrong.write_text("no PEM")
    files[which] = str(wrong)
    with pytest.raises(InvalidSetting, match=which) as caught:
        Tls(*files.values()).context()
    assert str(wrong) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_of_another_certificate_or_an_encrypted_one_is_refused(authority: Authority, tmp_path: Path) -> None:
    one, other = authority.sign("one", "/CN=one"), authority.sign("other", "/CN=other")
    with pytest.raises(InvalidSetting, match="KEY_VALUES_MISMATCH"):
        Tls(one.certificate, other.key).context()
    locked = str(tmp_path / "locked.key")
    command = ["openssl", "pkcs8", "-topk8", "-in", one.key, "-out", locked, "-passout", "pass:secret"]
    subprocess.run(command, capture_output=True, check=True)
    with pytest.raises(InvalidSetting, match="no certificate and its key"):
        Tls(one.certificate, locked).context()


def test_a_key_for_everybody_is_seen(authority: Authority) -> None:
    pair = authority.sign("open", "/CN=open")
    Path(pair.key).chmod(0o640)
    assert not Tls(pair.certificate, pair.key).is_key_open()
    Path(pair.key).chmod(0o644)
    assert Tls(pair.certificate, pair.key).is_key_open()
