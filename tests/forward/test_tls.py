import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from room import require
from upstreams import a_question, a_reply
from waiting import eventually

from dnsd.forward import tls as tls_module
from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.tls import TlsLine, tls_context
from dnsd.forward.upstream import Upstream
from dnsd.runtime.listeners import end_listeners

WWW = "www.example.com. 300 IN A 192.0.2.80"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A self-signed certificate for dns.example.net and 127.0.0.1, key and certificate in one file."""
    require("openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "30", "-keyout", str(key), "-out", str(made), "-subj", "/CN=dns.example.net"),
            *("-addext", "subjectAltName=DNS:dns.example.net,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text(key.read_text() + made.read_text())
    return both


class TlsServer:
    """Answers over TLS; ``script(packet)`` gives the messages, None closes the connection."""

    def __init__(self, certificate: Path) -> None:
        self.script = lambda packet: [a_reply(packet, WWW)]
        self.connections = self._open = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)

    async def __aenter__(self) -> "TlsServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        await end_listeners([self._server])
        await eventually(lambda: not self._open, "every connection has ended")

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        self._open += 1
        try:
            while True:
                packet = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                replies = self.script(packet)
                if replies is None:
                    return
                for reply in replies:
                    writer.write(len(reply).to_bytes(2) + reply)
        except (OSError, EOFError):
            return
        finally:
            writer.transport.abort()
            self._open -= 1


@pytest.fixture
async def server(certificate):
    async with TlsServer(certificate) as made:
        yield made


def line_to(server, certificate, name=""):
    return TlsLine(Upstream("127.0.0.1", server.port, True, name), tls_context(str(certificate)))


@pytest.mark.parametrize("name", ["", "dns.example.net"])
async def test_many_questions_share_one_connection(server, certificate, name):
    line = line_to(server, certificate, name)
    queries = [Query(a_question()) for _ in range(20)]
    queries = list({query.ident: query for query in queries}.values())
    replies = await asyncio.gather(*(line.ask(query, 10) for query in queries))
    assert replies == [a_reply(query.packet, WWW) for query in queries]
    assert server.connections == 1
    await line.close()


async def test_a_certificate_for_another_name_is_refused(server, certificate):
    line = line_to(server, certificate, "dns.example.org")
    with pytest.raises(UpstreamFailed, match="tls"):
        await line.ask(Query(a_question()), 10)
    await line.close()


async def test_a_certificate_of_an_unknown_authority_is_refused(server):
    line = TlsLine(Upstream("127.0.0.1", server.port, True, "dns.example.net"), tls_context(None))
    with pytest.raises(UpstreamFailed, match="tls"):
        await line.ask(Query(a_question()), 10)
    await line.close()


async def test_an_idle_connection_that_was_closed_is_opened_again(server, certificate, monkeypatch):
    monkeypatch.setattr(tls_module, "IDLE_SECONDS", 0.05)
    line = line_to(server, certificate)
    await line.ask(Query(a_question()), 10)
    await eventually(lambda: line._writer is None)
    assert await line.ask(Query(a_question()), 10)
    assert server.connections == 2
    await line.close()


async def test_a_connection_on_which_something_is_waited_for_is_not_idle(server, certificate, monkeypatch):
    monkeypatch.setattr(tls_module, "IDLE_SECONDS", 0.01)
    line = line_to(server, certificate)
    server.script = lambda packet: []
    asking = asyncio.ensure_future(line.ask(Query(a_question()), 60))
    await eventually(lambda: line._writer is not None)
    await asyncio.sleep(0.1)
    assert not asking.done()
    assert line._writer is not None
    await line.close()
    with pytest.raises(UpstreamFailed, match="network"):
        await asking


async def test_a_connection_that_the_upstream_closes_is_tried_once_more(server, certificate):
    line = line_to(server, certificate)
    await line.ask(Query(a_question()), 10)
    answers = iter([None, "good"])
    server.script = lambda packet: [a_reply(packet, WWW)] if next(answers) else None
    assert await line.ask(Query(a_question()), 10)
    assert server.connections == 2
    server.script = lambda packet: None
    with pytest.raises(UpstreamFailed, match="network"):
        await line.ask(Query(a_question()), 10)
    await line.close()


async def test_silence_is_a_timeout_and_junk_is_passed_by(server, certificate):
    line = line_to(server, certificate)
    server.script = lambda packet: [b"junk", packet[:2] + b"junk"]
    with pytest.raises(UpstreamFailed, match="timeout"):
        await line.ask(Query(a_question()), 1)
    server.script = lambda packet: [a_reply(packet, WWW)]
    assert await line.ask(Query(a_question()), 10)
    await line.close()


async def test_nobody_there_is_a_failure(server, certificate):
    server._server.close()
    await asyncio.sleep(0)
    line = line_to(server, certificate)
    with pytest.raises(UpstreamFailed, match="network"):
        await line.ask(Query(a_question()), 10)
    await line.close()


def test_a_file_of_authorities_that_is_not_there_is_told():
    with pytest.raises(OSError, match="No such file"):
        tls_context("/nowhere/authorities.pem")
