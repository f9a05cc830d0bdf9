"""The program that ``dnsd run`` starts."""

import asyncio
import signal
import socket
import sys

import pytest

from dnsd.cli import program
from dnsd.cli.failures import CommandFailed
from dnsd.model.service import Endpoint, Port


def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def endpoint(*ports: Port, address: str = "127.0.0.1") -> Endpoint:
    return Endpoint("default", "web", "web-1", (address,), ports)


@pytest.mark.parametrize(("code", "status"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)])
async def test_it_ends_with_the_status_that_shells_know(code, status):
    assert await (await program.start([sys.executable, "-c", code])).end() == status


async def test_signals_are_passed_on_and_a_dead_program_takes_none():
    started = await program.start([sys.executable, "-c", "import time; time.sleep(60)"])
    started.signal(signal.SIGTERM)
    assert await started.end() == 128 + signal.SIGTERM
    started.signal(signal.SIGTERM)


@pytest.mark.parametrize(("words", "status"), [(["/no/such/program"], 127), (["/etc/passwd"], 126)])
async def test_what_cannot_be_started_is_said_with_the_shells_status(words, status):
    with pytest.raises(program.NotStarted, match=f"cannot start {words[0]}: ") as failure:
        await program.start(words)
    assert failure.value.status == status


async def test_a_port_accepts_or_not():
    with listener() as listening:
        place = listening.getsockname()
        assert await program.accepts(place)
    assert not await program.accepts(place)


async def test_a_port_that_somebody_else_has_is_refused():
    with listener() as listening:
        port = listening.getsockname()[1]
        with pytest.raises(CommandFailed, match=f"port {port} is taken: something accepts on 127.0.0.1 already"):
            await program.free_places(endpoint(Port("http", "TCP", port)))


async def test_places_are_the_addresses_and_loopback_of_their_family():
    with listener() as listening:
        port = listening.getsockname()[1]
    places = await program.free_places(endpoint(Port("http", "TCP", port), Port("dns", "UDP", 1), address="127.0.0.9"))
    assert places == [[("127.0.0.9", port), ("127.0.0.1", port)]]


async def test_a_place_that_accepts_before_proves_nothing():
    with listener() as listening:
        port = listening.getsockname()[1]
        places = await program.free_places(endpoint(Port("http", "TCP", port), address="127.0.0.9"))
        assert places == [[("127.0.0.9", port)]]


async def test_all_ports_must_accept_each_somewhere():
    first, second = listener(), listener()
    with first:
        place_1, place_2 = first.getsockname(), second.getsockname()
        second.close()
        asked = 0

        async def pause(_: float) -> None:
            nonlocal asked, second
            asked += 1
            if asked == 3:
                second = socket.create_server(place_2)
            await asyncio.sleep(0)

        await program.accept_everywhere([[place_1], [("127.0.0.1", 1), place_2]], pause)
        second.close()
    assert asked == 3


def test_signals_have_names():
    assert program.name_of_signal(15) == "SIGTERM"


async def test_our_token_is_not_its_business(monkeypatch):
    monkeypatch.setenv("DNSD_TOKEN", "secret")
    monkeypatch.setenv("DNSD_SERVER", "http://127.0.0.1:8053")
    code = "import os; raise SystemExit('DNSD_TOKEN' in os.environ or 'DNSD_SERVER' not in os.environ)"
    assert await (await program.start([sys.executable, "-c", code])).end() == 0
