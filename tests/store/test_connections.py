import asyncio

import pytest
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.exceptions import ResponseError

from dnsd.model.errors import StoreUnavailable
from dnsd.store.connections import Connections, packed
from dnsd.store.place import Place


@pytest.fixture
async def connections(server):
    connections = Connections(Place(server.url, "{x}:meta"), 2)
    yield connections
    await connections.close()


def clients_of(server):
    return server.ask("CLIENT", "LIST").count("id=") - 1


async def test_replies_come_in_order_a_refusal_in_its_place(connections):
    replies = await connections.call((("PING",), ("NONSENSE",), ("ECHO", "x")), 1)
    assert (replies[0], replies[2]) == ("PONG", "x")
    assert isinstance(replies[1], ResponseError)


async def test_no_more_connections_than_allowed(connections, server):
    before = clients_of(server)
    replies = await asyncio.gather(*(connections.call((("ECHO", str(number)),), 2) for number in range(50)))
    assert [reply for (reply,) in replies] == [str(number) for number in range(50)]
    assert clients_of(server) - before <= 2


async def test_who_waits_too_long_for_an_answer_is_told(connections):
    with pytest.raises(StoreUnavailable) as caught:
        await connections.call((("BLPOP", "{x}:none", "5"),), 0.05)
    assert caught.value.reason == "timeout"
    assert (await connections.call((("ECHO", "mine"),), 1)) == ["mine"]


async def test_who_waits_too_long_for_a_connection_is_told(connections):
    blocking = [asyncio.ensure_future(connections.call((("BLPOP", "{x}:none", "0.3"),), 2)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await connections.call((("PING",),), 0.05)
    assert await asyncio.gather(*blocking) == [[None], [None]]


async def test_a_connection_that_the_server_closed_is_not_used(connections, server):
    await connections.call((("PING",),), 1)
    server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert await connections.call((("PING",),), 1) == ["PONG"]


async def test_a_connection_that_nobody_needs_any_more_is_closed(connections, server, eventually, monkeypatch):
    before = clients_of(server)
    await asyncio.gather(*(connections.call((("ECHO", "a"), ("PING",)), 2) for _ in range(2)))
    assert clients_of(server) - before == 2
    last = (await connections.call((("CLIENT", "ID"), ("PING",)), 1))[0]
    monkeypatch.setattr("dnsd.store.connections.IDLE_SECONDS", 0.0)
    assert (await connections.call((("CLIENT", "ID"), ("PING",)), 1))[0] == last
    await eventually(lambda: clients_of(server) - before == 1)
    assert (await connections.call((("CLIENT", "ID"), ("PING",)), 1))[0] == last


async def test_behind_another_history_no_connection_of_before_is_used_again(connections, server):
    """One that is idle, one that is under way."""
    await connections.meet("one")
    idle, waiting = await asyncio.gather(*(connections.call((("CLIENT", "ID"), ("PING",)), 1) for _ in range(2)))
    under_way = asyncio.ensure_future(connections.call((("CLIENT", "ID"), ("BLPOP", "{x}:none", "0.3")), 2))
    await server.until_somebody_waits()
    await connections.meet("one")
    (same, _) = await connections.call((("CLIENT", "ID"), ("PING",)), 1)
    assert same in (idle[0], waiting[0])
    await connections.meet("another")
    before = {idle[0], waiting[0], (await under_way)[0]}
    after = await asyncio.gather(*(connections.call((("CLIENT", "ID"), ("PING",)), 1) for _ in range(2)))
    assert before.isdisjoint(number for number, _ in after)


async def test_an_abandoned_call_leaves_no_reply_for_the_next(connections, server):
    call = asyncio.ensure_future(connections.call((("BLPOP", "{x}:none", "1"), ("ECHO", "theirs")), 5))
    await server.until_somebody_waits()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert await connections.call((("ECHO", "mine"),), 1) == ["mine"]


async def test_commands_that_are_called_together_travel_together(connections, server):
    before = clients_of(server)
    calls = [connections.call((("ECHO", str(number)),), 5) for number in range(50)]
    assert await asyncio.gather(*calls) == [[str(number)] for number in range(50)]
    assert clients_of(server) - before == 1


async def test_each_of_those_that_travel_together_has_its_own_reply_or_refusal(connections):
    calls = [connections.call((command,), 5) for command in (("ECHO", "a"), ("NONSENSE",), ("ECHO", "b"))]
    (one,), (refusal,), (other,) = await asyncio.gather(*calls)
    assert (one, other) == ("a", "b")
    assert isinstance(refusal, ResponseError)


async def test_who_gives_up_is_not_sent_and_disturbs_nobody(connections, server, eventually):
    first = asyncio.ensure_future(connections.call((("BLPOP", "{x}:list", "10"),), 20))
    await eventually(lambda: "cmd=blpop" in server.ask("CLIENT", "LIST"))
    patient = asyncio.ensure_future(connections.call((("ECHO", "mine"),), 20))
    with pytest.raises(StoreUnavailable):
        await connections.call((("SET", "{x}:hasty", "1"),), 0.05)
    server.ask("LPUSH", "{x}:list", "go")
    assert await asyncio.gather(first, patient) == [[["{x}:list", "go"]], ["mine"]]
    assert await connections.call((("GET", "{x}:hasty"),), 5) == [None]


async def test_all_that_travel_together_are_told_when_the_connection_breaks(connections, server, eventually):
    calls = [asyncio.ensure_future(connections.call((("BLPOP", "{x}:none", "10"),), 20)) for _ in range(2)]
    await eventually(lambda: "cmd=blpop" in server.ask("CLIENT", "LIST"))
    server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable, StoreUnavailable]
    assert await connections.call((("PING",),), 5) == ["PONG"]


async def test_who_waits_when_the_store_is_let_go_of_is_told(connections, server, eventually):
    waiting = asyncio.ensure_future(connections.call((("BLPOP", "{x}:none", "10"),), 20))
    await eventually(lambda: "cmd=blpop" in server.ask("CLIENT", "LIST"))
    await connections.close()
    with pytest.raises(StoreUnavailable):
        await waiting


def test_commands_are_packed_as_the_client_packs_them():
    commands = (("SET", "größe", 12, "\r\n"), ("GET", ""))
    assert packed(commands) == b"".join(UnixDomainSocketConnection().pack_commands(commands))
