"""Flags that several commands share."""

import argparse

import pytest

from dnsd.cli.failures import WrongCall
from dnsd.cli.options import (
    SERVER_DEFAULT,
    Connection,
    add_connection_flags,
    add_endpoint_flags,
    connection_of,
    endpoint_path,
    id_of,
    port_of,
)
from dnsd.model.names import is_label


def connection(*words: str, **environ: str) -> Connection:
    parser = argparse.ArgumentParser()
    add_connection_flags(parser)
    return connection_of(parser.parse_args(words), environ)


def endpoint(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_endpoint_flags(parser)
    return parser.parse_args(["--service", "web", *words])


def test_the_server_is_the_local_one_unless_told():
    assert connection().servers == (SERVER_DEFAULT,)
    assert connection(DNSD_SERVER="").servers == (SERVER_DEFAULT,)


def test_servers_come_from_flags_else_from_the_environment():
    both = "http://a:1, https://b/"
    assert connection(DNSD_SERVER=both).servers == ("http://a:1", "https://b")
    assert connection("--server", "http://c", "--server", "http://[::1]:8053", DNSD_SERVER=both).servers == (
        "http://c",
        "http://[::1]:8053",
    )


@pytest.mark.parametrize(
    "url", ["localhost:8053", "ftp://a", "http://", "http://a:x", "http://a/?b", "http://u@a", "http://[::1"]
)
def test_what_is_no_server_is_refused(url):
    with pytest.raises(WrongCall, match="is not a URL like"):
        connection("--server", url)


def test_a_token_comes_from_the_file_else_from_the_environment(tmp_path):
    file = tmp_path / "token"
    file.write_text("secret-1\n")
    assert connection("--token-file", str(file), DNSD_TOKEN="other").token == "secret-1"
    assert connection(DNSD_TOKEN="other").token == "other"
    assert connection(DNSD_TOKEN="").token is None


@pytest.mark.parametrize("octets", [b"", b"two words", b"line\r\nx: y", b"\xff", b"x" * 5000])
def test_what_is_no_token_is_refused_without_showing_it(tmp_path, octets):
    file = tmp_path / "token"
    file.write_bytes(octets)
    with pytest.raises(WrongCall) as refusal:
        connection("--token-file", str(file))
    assert str(refusal.value) == f"--token-file {file} holds no token: one word of printable ASCII"


def test_files_that_are_not_there_are_named():
    with pytest.raises(WrongCall, match="--token-file /nowhere: No such file"):
        connection("--token-file", "/nowhere")
    with pytest.raises(WrongCall, match="--ca-file /nowhere: no such file"):
        connection("--ca-file", "/nowhere")


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("http=8080", ("http", "TCP", 8080)),
        ("DNS=53/udp", ("dns", "UDP", 53)),
        ("8080", ("", "TCP", 8080)),
        ("5060/sctp", ("", "SCTP", 5060)),
    ],
)
def test_ports(text, port):
    assert tuple(port_of(text).values()) == port


@pytest.mark.parametrize("text", ["http", "http=", "=", "http=x", "http=-1", "http=123456", "http=8 0", ""])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not NAME=NUMBER"):
        port_of(text)


@pytest.mark.parametrize(
    ("host", "ports", "identifier"),
    [
        ("web1", [], "web1"),
        ("web1", ["--port", "http=8080", "--port", "9"], "web1-8080"),
        ("Web_1.example.com", ["--port", "80"], "web-1-80"),
        ("x" * 64, ["--port", "80"], "x" * 60 + "-80"),
        ("___", [], "host"),
    ],
)
def test_the_id_is_host_name_and_port_as_a_label(monkeypatch, host, ports, identifier):
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert id_of(endpoint(*ports)) == identifier
    assert is_label(identifier)


def test_an_id_that_is_given_is_kept():
    assert id_of(endpoint("--id", "Task.1", "--port", "80")) == "Task.1"


def test_paths_are_quoted():
    arguments = endpoint("--namespace", "a/b", "--id", "x y?")
    assert endpoint_path(arguments) == "/v1/namespaces/a%2Fb/services/web/endpoints/x%20y%3F"
