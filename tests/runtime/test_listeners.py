"""Who was let in before a listener's end is served; who comes later is refused."""

import asyncio
import socket

import pytest

from dnsd.runtime.listeners import end_listeners


class Greeting(asyncio.Protocol):
    """Says welcome, and keeps a list of what came to pass."""

    def __init__(self, passed: list[str]) -> None:
        self._passed = passed
        passed.append("let in")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._passed.append("known")
        transport.write(b"welcome")
        transport.close()


@pytest.mark.parametrize("turns", range(6))
async def test_who_was_let_in_is_not_lost(turns: int) -> None:
    passed: list[str] = []
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as door:
        listener = await loop.create_server(lambda: Greeting(passed), sock=door.dup())
        # The kernel has the connection at once; the loop takes it a turn or two later.
        with socket.create_connection(door.getsockname()) as client:
            client.setblocking(False)
            for _ in range(turns):
                await asyncio.sleep(0)
            await end_listeners([listener])
            assert passed in ([], ["let in", "known"])
            # Whom the loop had not taken yet is there for the next listener of this socket.
            listener = await loop.create_server(lambda: Greeting(passed), sock=door.dup())
            assert await asyncio.wait_for(loop.sock_recv(client, 7), 5) == b"welcome"
            await end_listeners([listener])


async def test_nobody_is_let_in_any_more() -> None:
    loop = asyncio.get_running_loop()
    door = socket.create_server(("127.0.0.1", 0))
    address = door.getsockname()
    listener = await loop.create_server(asyncio.Protocol, sock=door)
    await end_listeners([listener])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
