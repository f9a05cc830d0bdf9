"""What the settings say of DNS clients."""

from ipaddress import ip_address

from dnsd.answer.access import CLOSE_BY
from dnsd.app.clients import access_of, rate_of, short_names_of
from dnsd.config import load
from dnsd.model.names import name_from_text
from dnsd.server.limiter import Rate

A = b"\0\1\0\1"


def octets(text: str) -> bytes:
    return ip_address(text).packed


def test_by_default_everybody_asks_nothing_is_short_and_strangers_have_a_limit():
    settings = load({}, {})
    assert access_of(settings).is_open
    assert not access_of(settings).may_forward(octets("203.0.113.1"))
    assert access_of(settings).may_forward(octets("10.0.0.1"))
    assert short_names_of(settings) is None
    assert rate_of(settings) == Rate(100, 2, CLOSE_BY)


def test_secondaries_may_ask_where_not_everybody_may():
    settings = load({"answer_to": ["10.0.0.0/8", "!10.9.0.0/16"], "transfer_to": ["192.0.2.54", "key.example"]}, {})
    asking = ("10.1.1.1", "10.9.1.1", "192.0.2.54", "192.0.2.55")
    assert [access_of(settings).may_ask(octets(text)) for text in asking] == [True, False, True, False]
    assert access_of(load({"transfer_to": ["192.0.2.54"]}, {})).is_open


def test_forwarding_is_for_those_who_are_named():
    access = access_of(load({"forward_for": ["192.0.2.0/24"]}, {}))
    assert [access.may_forward(octets(text)) for text in ("192.0.2.1", "127.0.0.1")] == [True, False]


def test_short_names_are_below_the_first_zone():
    settings = load(
        {"zone": ["a.example", "b.example"], "short_names": ["10.1.0.0/16 team-a", "10.0.0.0/8 team-b"]}, {}
    )
    short = short_names_of(settings)
    assert short is not None
    targets = [short.target(name_from_text("redis"), A, octets(peer)) for peer in ("10.1.0.1", "10.2.0.1", "192.0.2.1")]
    assert targets[:2] == [name_from_text(f"redis.team-{team}.svc.a.example") for team in "ab"]
    assert targets[2] is None


def test_the_rate_and_who_is_exempt_are_settings():
    settings = load({"rate_limit": "5", "rate_limit_slip": "1", "rate_limit_exempt": ["192.0.2.0/24"]}, {})
    assert rate_of(settings) == Rate(5, 1, ("192.0.2.0/24",))
    assert rate_of(load({"rate_limit": "0"}, {})) is None
