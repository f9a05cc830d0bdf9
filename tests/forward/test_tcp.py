import asyncio

import pytest
from upstreams import a_question, a_reply

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.tcp import FOREIGN_MOST, ask_over_tcp
from dnsd.forward.upstream import Upstream

WWW = "www.example.com. 300 IN A 192.0.2.80"


async def test_the_answer_comes_back(scripted):
    server = await scripted(lambda _, packet, is_tcp: [a_reply(packet, WWW)])
    query = Query(a_question())
    assert await ask_over_tcp(server.upstream, query, 5) == a_reply(query.packet, WWW)
    assert server.asked == [("TCP", query.packet)]


async def test_messages_of_others_are_passed_by_but_not_for_ever(scripted):
    server = await scripted(lambda _, packet, __: [b"junk", packet, a_reply(packet, WWW)])
    query = Query(a_question())
    assert await ask_over_tcp(server.upstream, query, 5) == a_reply(query.packet, WWW)
    endless = await scripted(lambda _, packet, __: [b"junk"] * FOREIGN_MOST)
    with pytest.raises(UpstreamFailed, match="malformed"):
        await ask_over_tcp(endless.upstream, query, 5)


async def test_silence_is_a_timeout(scripted):
    server = await scripted(lambda _, packet, __: [])
    with pytest.raises(UpstreamFailed, match="timeout"):
        await ask_over_tcp(server.upstream, Query(a_question()), 0.2)


async def test_a_connection_that_is_closed_is_a_failure():
    async def close(reader, writer):
        writer.transport.abort()

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(UpstreamFailed, match="network"):
        await ask_over_tcp(Upstream("127.0.0.1", port), Query(a_question()), 5)
    server.close()
    await asyncio.sleep(0)
    with pytest.raises(UpstreamFailed, match="network"):
        await ask_over_tcp(Upstream("127.0.0.1", port), Query(a_question()), 5)
