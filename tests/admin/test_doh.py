import asyncio
import base64
import socket
import ssl
import sys

import aiohttp
import dns.flags
import dns.message
import pytest
from certificates import Authority
from http2 import Http2Client
from waiting import eventually

from dnsd.admin import doh
from dnsd.admin.doh import DohServer, protocols
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.model.change import Change
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Service
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tls import Tls
from dnsd.server.answering import Answering
from dnsd.server.tally import Tally

NAME = "web.default.svc.cluster.local"
TYPE = {"Content-Type": "application/dns-message"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("doh"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.sign("server", "/CN=ns.dns.cluster.local", "IP:127.0.0.1")


def table_of():
    catalog = Catalog([name_from_text("cluster.local.")], [], ["192.0.2.53"])
    catalog.load([], [], 0)
    value = Endpoint("default", "web", "web-1", ("192.0.2.1",))
    catalog.apply(Change(1, (Service("default", "web", ttl_seconds=7, declared=False), value)))
    return catalog.table


def port_of(url):
    return int(url.partition("127.0.0.1:")[2].partition("/")[0])


@pytest.fixture
async def server(pair, refused):
    listener = socket.create_server(("127.0.0.1", 0))
    answering = Answering(respond, table_of(), Terms(is_tcp=True), SystemClock(), Tally("https"))
    context = Tls(pair.certificate, pair.key).context()
    context.set_alpn_protocols(protocols())
    server = DohServer([listener], answering.answer, context, refused.append)
    await server.open()
    yield server
    await server.close()


@pytest.fixture
def url(server):
    return f"https://127.0.0.1:{server._sockets[0].getsockname()[1]}/dns-query"


@pytest.fixture
def refused():
    """The limits that connections were refused for."""
    return []


@pytest.fixture
async def session(authority):
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=authority.certificate))
    async with aiohttp.ClientSession(connector=connector) as made:
        yield made


def query(name=NAME, rtype="A"):
    return dns.message.make_query(name, rtype)


async def test_post_and_get_bring_the_same_answer(session, url):
    """RFC 8484 4.1: "DoH servers MUST implement both the POST and GET methods." """
    asked = query()
    encoded = base64.urlsafe_b64encode(asked.to_wire()).rstrip(b"=").decode()
    async with session.post(url, data=asked.to_wire(), headers=TYPE) as posted:
        by_post = await posted.read()
    async with session.get(url, params={"dns": encoded}) as got:
        by_get = await got.read()
        assert (got.status, got.content_type) == (200, "application/dns-message")
    assert by_post == by_get
    message = dns.message.from_wire(by_get)
    assert [str(record) for record in message.answer[0]] == ["192.0.2.1"]
    assert message.flags & dns.flags.AA


@pytest.mark.parametrize(("name", "seconds"), [(NAME, 7), (f"nobody.{NAME}", 5)])
async def test_http_keeps_an_answer_no_longer_than_dns(session, url, name, seconds):
    """RFC 8484 5.1: "the assigned freshness lifetime of a DoH HTTP response MUST be less than or equal to the smallest
    TTL in the Answer section of the DNS response." """
    async with session.post(url, data=query(name).to_wire(), headers=TYPE) as reply:
        assert reply.headers["Cache-Control"] == f"max-age={seconds}"


REFUSED = pytest.mark.parametrize(
    ("method", "more", "status"),
    [
        ("GET", {}, 400),
        ("GET", {"params": {"dns": "not/base64url"}}, 400),
        ("GET", {"params": {"dns": "AAAA"}}, 400),
        ("POST", {"data": b"x" * 40, "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", {"data": b"x" * 5, "headers": TYPE}, 400),
        ("POST", {"data": b"x" * 70_000, "headers": TYPE}, 413),
        ("POST", {"data": b"\0\0\x80" + bytes(9), "headers": TYPE}, 400),
        ("PUT", {"data": b"x" * 40, "headers": TYPE}, 405),
        ("HEAD", {"params": {"dns": "AAAA"}}, 405),
    ],
)


@REFUSED
async def test_what_is_no_question_gets_a_problem(session, url, method, more, status):
    async with session.request(method, url, **more) as reply:
        assert reply.status == status
        assert method == "HEAD" or (await reply.json(content_type=None))["status"] == status


@REFUSED
async def test_both_http_refuse_alike(session, url, authority, method, more, status):
    async with session.request(method, url, **more) as reply:
        by_1 = reply.status, {name.lower(): text for name, text in reply.headers.items()}, await reply.read()
    target = "/dns-query" + "".join(f"?dns={text}" for text in more.get("params", {}).values())
    fields = [(name.lower(), text) for name, text in more.get("headers", {}).items()]
    async with await Http2Client.open(port_of(url), authority.certificate) as client:
        stream = client.begin(method, target, *fields, end="data" not in more)
        for start in range(0, len(more.get("data", b"")), 16_000):
            piece = more["data"][start : start + 16_000]
            await client.until(lambda: client.h2.local_flow_control_window(stream) >= 16_000)
            client.h2.send_data(stream, piece, end_stream=start + len(piece) == len(more["data"]))
            client.flush()
        by_2 = await client.response(stream)
    for _, fields, _ in (by_1, by_2):
        fields.pop("date", None)
    assert by_2 == by_1 if method != "HEAD" else by_2[0] == by_1[0]


async def test_both_http_give_the_octets_that_udp_gives(session, url, authority, pair):
    names = [(NAME, "A"), (NAME, "AAAA"), (NAME, "SRV"), (f"web-1.{NAME}", "A"), (f"nobody.{NAME}", "A")]
    names += [("cluster.local", "SOA"), ("cluster.local", "NS"), ("example.org", "A"), (NAME.upper(), "TXT")]
    async with await Http2Client.open(port_of(url), authority.certificate) as client:
        for name, rtype in names:
            packet = query(name, rtype).to_wire()
            by_udp = respond(packet, b"\x7f\0\0\1", 1, table_of(), Terms())[0]
            async with session.post(url, data=packet, headers=TYPE) as reply:
                by_1 = await reply.read()
            by_2 = (await client.response(client.post(packet)))[2]
            assert (by_1, by_2) == (by_udp, by_udp), (name, rtype)


async def test_a_long_header_by_http_1_1_is_refused_also_when_it_comes_at_once(session, url):
    asked = {"dns": base64.urlsafe_b64encode(query().to_wire()).rstrip(b"=").decode()}
    lines = {f"X-Line-{number}": "x" * 4000 for number in range(5)}
    async with session.get(url, params=asked, headers=lines) as reply:
        assert reply.status == 431
    async with session.get(url, params=asked, headers={"X-Line": "x" * 4000}) as reply:
        assert reply.status == 200


async def test_another_path_is_not_found(session, url):
    async with session.get(url.replace("dns-query", "v1/services")) as reply:
        assert reply.status == 404


async def test_what_is_spoken_is_agreed_on(url, authority):
    """RFC 8484 5.2: "HTTP/2 [RFC7540] is the minimum RECOMMENDED version of HTTP for use with DoH." """
    offers = [("h2", "http/1.1"), ("http/1.1",), ("h3",), ()]
    agreed = {offer: await asyncio.to_thread(agreement, url, authority, offer) for offer in offers}
    assert agreed == {("h2", "http/1.1"): "h2", ("http/1.1",): "http/1.1", ("h3",): None, (): None}


def agreement(url, authority, offer):
    context = ssl.create_default_context(cafile=authority.certificate)
    if offer:
        context.set_alpn_protocols(list(offer))
    with (
        socket.create_connection(("127.0.0.1", port_of(url)), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        return tls.selected_alpn_protocol()


def test_without_its_package_only_http_1_1_is_offered(monkeypatch):
    assert protocols() == ["h2", "http/1.1"]
    monkeypatch.setitem(sys.modules, "h2", None)
    for name in [name for name in sys.modules if name.startswith(("h2.", "dnsd.admin.doh_http2"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("dnsd.admin.doh_http2", raising=False)
    assert protocols() == ["http/1.1"]


@pytest.mark.parametrize(("setting", "limit"), [("CONNECTIONS_A_CLIENT_MOST", "client"), ("CONNECTIONS_MOST", "total")])
async def test_one_connection_too_many_is_closed(server, session, url, authority, refused, monkeypatch, setting, limit):
    monkeypatch.setattr(doh, setting, 1)
    async with await Http2Client.open(port_of(url), authority.certificate) as first:
        second = await Http2Client.open(port_of(url), authority.certificate)
        async with second:
            await second.until_closed()
        assert refused == [limit]
        assert (await first.response(first.post(query().to_wire())))[0] == 200
    for _ in range(3):  # by HTTP/1.1, each on a connection that ends
        await until_none(server)
        async with session.post(url, data=query().to_wire(), headers={**TYPE, "Connection": "close"}) as reply:
            assert reply.status == 200


async def test_half_a_body_by_http_1_1_is_not_waited_for(monkeypatch, pair, authority, refused):
    monkeypatch.setattr(doh, "REQUEST_SECONDS_MOST", 0.05)
    monkeypatch.setattr("dnsd.admin.connections.LINGERING_SECONDS", 0.05)
    listener = socket.create_server(("127.0.0.1", 0))
    server = DohServer([listener], None, Tls(pair.certificate, pair.key).context())
    await server.open()
    context = ssl.create_default_context(cafile=authority.certificate)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", listener.getsockname()[1], ssl=context, server_hostname="127.0.0.1"
    )
    writer.write(b"POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Type: application/dns-message\r\n")
    writer.write(b"Content-Length: 40\r\n\r\nhalf")
    async with asyncio.timeout(20):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.transport.abort()
    await server.close()


async def test_who_leaves_in_the_middle_of_a_body_is_no_accident(server, url, authority, caplog):
    context = ssl.create_default_context(cafile=authority.certificate)
    port = int(url.rpartition(":")[2].partition("/")[0])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    writer.write(b"POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Type: application/dns-message\r\n")
    writer.write(b"Content-Length: 40\r\n\r\nhalf")
    served = server._runner.server
    await eventually(lambda: any(each._current_request for each in served.connections))
    writer.transport.abort()
    await until_none(server)
    await eventually(lambda: not served.connections)
    assert not caplog.records


async def until_none(server):
    await eventually(lambda: not server.connections)
