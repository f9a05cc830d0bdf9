import base64
import socket
import ssl

import aiohttp
import dns.flags
import dns.message
import pytest
from certificates import Authority

from dnsd.admin.doh import DohServer, freshness_seconds
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


@pytest.fixture
async def url(pair):
    catalog = Catalog([name_from_text("cluster.local.")], [], ["192.0.2.53"])
    catalog.load([], [], 0)
    value = Endpoint("default", "web", "web-1", ("192.0.2.1",))
    catalog.apply(Change(1, (Service("default", "web", ttl_seconds=7, declared=False), value)))
    listener = socket.create_server(("127.0.0.1", 0))
    answering = Answering(respond, catalog.table, Terms(is_tcp=True), SystemClock(), Tally("https"))
    server = DohServer([listener], answering.answer, Tls(pair.certificate, pair.key).context())
    await server.open()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/dns-query"
    await server.close()


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


@pytest.mark.parametrize(
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
    ],
)
async def test_what_is_no_question_gets_a_problem(session, url, method, more, status):
    async with session.request(method, url, **more) as reply:
        assert reply.status == status
        assert (await reply.json(content_type=None))["status"] == status


async def test_another_path_is_not_found(session, url):
    async with session.get(url.replace("dns-query", "v1/services")) as reply:
        assert reply.status == 404


def test_a_reply_without_records_is_not_kept():
    reply = dns.message.make_response(query())
    assert freshness_seconds(reply.to_wire()) == 0
