"""Looks at real servers: each kind of failure by its name, and where a look goes."""

import asyncio
import errno
import socket

import pytest

from dnsd.health.probe import look
from dnsd.model.health import HealthCheck

TCP = HealthCheck("tcp", timeout_seconds=1)
HTTP = HealthCheck("http", path="/healthz?full=1", timeout_seconds=1)


async def see(check, patient):
    return await look(check, "127.0.0.1", patient.port, "one")


async def test_a_port_that_accepts_passes_and_a_closed_one_refuses(patient):
    patient.reply = None
    assert await see(TCP, patient) == "passes"
    await patient.stop()
    assert await see(TCP, patient) == "refused"
    assert await see(HTTP, patient) == "refused"


@pytest.mark.parametrize(
    ("reply", "seen"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "passes"),
        (b"HTTP/1.0 399\r\n", "passes"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n", "passes"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "status"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "status"),
        (b"HTTP/1.1 2000 Odd\r\n\r\n", "not-http"),
        (b"220 mail.example ESMTP\r\n", "not-http"),
        (b"x" * 70_000, "not-http"),
        (b"HTTP/1.1 200", "closed"),
        (b"", "closed"),
    ],
)
async def test_what_a_server_answers_is_told_by_kind(patient, reply, seen):
    patient.reply = reply
    assert await see(HTTP, patient) == seen


async def test_a_server_that_never_answers_is_given_up_after_the_timeout(patient):
    patient.reply = None
    assert await see(HTTP, patient) == "timeout"


async def test_the_request_says_who_looks_and_its_host_is_the_registered_address(patient):
    assert await look(HTTP, "127.0.0.1", patient.port, "node 1\r\nX-Evil: 1") == "passes"
    (request,) = patient.requests
    assert request.decode().split("\r\n") == [
        "GET /healthz?full=1 HTTP/1.1",
        f"Host: 127.0.0.1:{patient.port}",
        "User-Agent: dnsd-health/node-1--X-Evil:-1",
        "Accept: */*",
        "Connection: close",
        "",
        "",
    ]


async def test_a_redirect_leads_nowhere(patient, make_patient):
    other = await make_patient()
    patient.reply = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:%d/\r\n\r\n" % other.port
    assert await see(HTTP, patient) == "passes"
    assert (patient.connections, other.connections) == (1, 0)


async def test_no_name_is_ever_looked_up(patient, monkeypatch):
    def refuse(*arguments, **more):
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert await see(TCP, patient) == "passes"


@pytest.mark.parametrize(
    ("fault", "seen"),
    [(errno.EHOSTUNREACH, "unreachable"), (errno.ENETUNREACH, "unreachable"), (errno.EMFILE, "unknown")],
)
async def test_a_network_without_a_way_is_its_fault_and_a_lack_of_files_is_ours(monkeypatch, fault, seen):
    async def fail(*arguments, **more):
        raise OSError(fault, "no way")

    monkeypatch.setattr(asyncio, "open_connection", fail)
    assert await look(TCP, "192.0.2.1", 80, "one") == seen


async def test_an_ipv6_address_stands_in_brackets(monkeypatch):
    said = []

    async def serve(reader, writer):
        said.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "::1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await look(HTTP, "::1", port, "one") == "passes"
    assert f"Host: [::1]:{port}".encode() in said[0]
