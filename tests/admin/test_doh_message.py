"""Whole requests become messages or refusals, replies become responses: for both HTTPs alike."""

import base64

import dns.message
import pytest
from aiohttp import web

from dnsd.admin.doh_message import MEDIA_TYPE, Request, answered, fields_of, freshness_seconds, packet_of, response_to

QUERY = dns.message.make_query("web.default.svc.cluster.local", "A")
PACKET = QUERY.to_wire()
TEXT = base64.urlsafe_b64encode(PACKET).rstrip(b"=").decode()


@pytest.mark.parametrize("content_type", [MEDIA_TYPE, "Application/DNS-Message; x=y"])
def test_the_message_of_a_post_is_its_body(content_type):
    assert packet_of(Request("POST", "/dns-query", content_type, bytearray(PACKET))) == PACKET


@pytest.mark.parametrize("target", [f"/dns-query?dns={TEXT}", f"/dns%2Dquery?a=b&dns={TEXT}&dns=AAAA"])
def test_the_message_of_a_get_is_a_variable(target):
    assert packet_of(Request("GET", target, "")) == PACKET


@pytest.mark.parametrize(
    ("method", "target", "content_type", "refusal"),
    [
        ("GET", "/dns-query?dns=not/base64url", "", web.HTTPBadRequest),
        ("GET", "/dns-query?dns=\xe9", "", web.HTTPBadRequest),
        ("GET", f"/?dns={TEXT}", "", web.HTTPNotFound),
        ("GET", "", "", web.HTTPNotFound),
        ("POST", "/dns-query", "", web.HTTPUnsupportedMediaType),
        ("POST", "/dns-query", "text/plain", web.HTTPUnsupportedMediaType),
        ("PUT", "/dns-query", MEDIA_TYPE, web.HTTPMethodNotAllowed),
        ("HEAD", f"/dns-query?dns={TEXT}", "", web.HTTPMethodNotAllowed),
    ],
)
def test_what_is_no_question_is_refused(method, target, content_type, refusal):
    with pytest.raises(refusal):
        packet_of(Request(method, target, content_type, bytearray(PACKET)))


async def test_an_answer_says_how_long_it_is_good():
    asked = []
    reply = dns.message.make_response(QUERY)
    reply.answer.append(dns.rrset.from_text("web.default.svc.cluster.local.", 7, "IN", "A", "192.0.2.1"))

    async def answer(packet, peer):
        asked.append((packet, peer))
        return reply.to_wire()

    response = await answered(answer, PACKET, "fe80::1%eth0")
    assert asked == [(PACKET, b"\xfe\x80" + bytes(13) + b"\x01")]
    assert (response.status, response.content_type, response.body) == (200, MEDIA_TYPE, reply.to_wire())
    assert response.headers["Cache-Control"] == "max-age=7"


@pytest.mark.parametrize("packet", [b"", bytes(11), bytes(65_536), PACKET])
async def test_what_gets_no_answer_is_refused(packet):
    async def silence(packet, peer):
        return b""

    with pytest.raises(web.HTTPBadRequest):
        await answered(silence, packet, "192.0.2.1")


def test_a_reply_without_records_is_not_kept():
    assert freshness_seconds(dns.message.make_response(QUERY).to_wire()) == 0


async def test_refusals_and_faults_of_ours_are_responses_too(caplog):
    async def broken(packet, peer):
        raise ZeroDivisionError

    elsewhere = await response_to(Request("GET", "/", ""), broken, "192.0.2.1")
    failed = await response_to(Request("GET", f"/dns-query?dns={TEXT}", ""), broken, "192.0.2.1")
    assert (elsewhere.status, failed.status) == (404, 500)
    assert "ZeroDivisionError" in caplog.text
    assert b"ZeroDivisionError" not in failed.body


def test_the_fields_of_a_response_are_those_of_http_2():
    response = web.Response(body=b"1234", content_type=MEDIA_TYPE, headers={"Cache-Control": "max-age=7"})
    *fields, (last, date) = fields_of(response)
    assert fields[0] == (":status", "200")
    assert sorted(fields[1:]) == [("cache-control", "max-age=7"), ("content-length", "4"), ("content-type", MEDIA_TYPE)]
    assert (last, date.endswith(" GMT")) == ("date", True)
