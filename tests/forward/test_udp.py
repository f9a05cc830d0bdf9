import asyncio
import socket
from itertools import pairwise

import dns.flags
import pytest
from upstreams import a_question, a_reply
from waiting import eventually

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.udp import Unsure, ask_over_udp
from dnsd.forward.upstream import Upstream

WWW = "www.example.com. 300 IN A 192.0.2.80"
FORGED = "www.example.com. 300 IN A 203.0.113.6"


def good(_, packet, __):
    return [a_reply(packet, WWW)]


async def test_the_answer_comes_back(scripted):
    server = await scripted(good)
    query = Query(a_question())
    packet = await ask_over_udp(server.upstream, query, 5)
    assert packet == a_reply(query.packet, WWW)
    assert server.asked == [("UDP", query.packet)]


async def test_every_query_leaves_from_another_random_port(scripted):
    server = await scripted(good)
    for _ in range(60):
        await ask_over_udp(server.upstream, Query(a_question()), 5)
    ports = [port for _, port in server.peers]
    assert len(set(ports)) > 50
    assert max(ports) - min(ports) > 5000
    steps = {after - before for before, after in pairwise(ports)}
    assert len(steps) > 40


def forgeries(packet):
    """Up to four wrong replies, all but right."""
    right = a_reply(packet, FORGED)
    return [
        (int.from_bytes(right[:2]) ^ 1).to_bytes(2) + right[2:],
        right.replace(b"www", b"wwx", 1),
        packet,
        right[:4] + b"\0\0" + right[6:],
    ]


async def test_it_waits_past_junk_for_the_right_answer(scripted):
    server = await scripted(lambda _, packet, __: [*forgeries(packet), a_reply(packet, WWW)])
    query = Query(a_question())
    assert await ask_over_udp(server.upstream, query, 5) == a_reply(query.packet, WWW)


async def test_five_near_misses_are_somebody_guessing(scripted):
    server = await scripted(lambda _, packet, __: [*forgeries(packet), b"junk", a_reply(packet, WWW)])
    with pytest.raises(Unsure):
        await ask_over_udp(server.upstream, Query(a_question()), 5)


async def test_a_near_miss_and_then_nothing_is_not_plain_silence(scripted):
    server = await scripted(lambda _, packet, __: forgeries(packet)[:1])
    with pytest.raises(Unsure):
        await ask_over_udp(server.upstream, Query(a_question()), 0.2)


async def test_silence_is_a_timeout(scripted):
    server = await scripted(lambda _, packet, __: [])
    with pytest.raises(UpstreamFailed, match="timeout"):
        await ask_over_udp(server.upstream, Query(a_question()), 0.1)


async def test_a_closed_port_is_told_at_once():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(UpstreamFailed, match="network"):
        await ask_over_udp(Upstream("127.0.0.1", port), Query(a_question()), 20)


async def test_an_upstream_out_of_reach_is_a_failure():
    with pytest.raises(UpstreamFailed, match="network"):
        await ask_over_udp(Upstream("255.255.255.255"), Query(a_question()), 20)


async def test_a_right_answer_from_another_port_or_address_is_not_heard(scripted):
    """Thousands of forged replies, with the very id and question, from where they must not come; not one is taken."""
    rounds, each = 20, 100
    strangers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    strangers[0].bind(("127.0.0.1", 0))
    strangers[1].bind(("127.0.0.9", 0))

    def flooded(server, packet, _):
        forged = a_reply(packet, FORGED)
        for stranger in strangers:
            for _ in range(each):
                stranger.sendto(forged, server.peers[-1])
        return [a_reply(packet, WWW)]

    server = await scripted(flooded)
    accepted = 0
    try:
        for _ in range(rounds):
            query = Query(a_question())
            accepted += await ask_over_udp(server.upstream, query, 5) != a_reply(query.packet, WWW)
    finally:
        for stranger in strangers:
            stranger.close()
    tried = rounds * each * len(strangers)
    print(f"\nforged answers with the right id and question: {tried} tried, {accepted} accepted")
    assert accepted == 0


async def test_a_truncated_answer_is_an_answer_here(scripted):
    server = await scripted(lambda _, packet, __: [a_reply(packet, flags=dns.flags.TC)])
    assert (await ask_over_udp(server.upstream, Query(a_question()), 5))[2] & 2


async def test_who_is_cancelled_leaves_no_socket(scripted):
    server = await scripted(lambda _, packet, __: [])
    asking = asyncio.ensure_future(ask_over_udp(server.upstream, Query(a_question()), 20))
    await eventually(lambda: server.asked)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
