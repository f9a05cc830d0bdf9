"""An endpoint out of flags, checked before anything is sent."""

import argparse

import pytest

from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.registration import Registration, add_registration_flags, address_towards, registration_of

LOCAL = ("http://127.0.0.1:8053",)


def registration(*words: str, lease: int | None = None) -> Registration:
    parser = argparse.ArgumentParser()
    add_registration_flags(parser, lease)
    return registration_of(parser.parse_args(["--service", "web", *words]), LOCAL)


def test_little_is_enough(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "host1.example.com")
    made = registration("--port", "http=8080")
    assert made.path == "/v1/namespaces/default/services/web/endpoints/host1-8080"
    assert made.title == "default/web/host1-8080"
    assert made.body == {
        "addresses": ["127.0.0.1"],
        "ports": [{"name": "http", "protocol": "TCP", "port": 8080}],
        "weight": 100,
        "priority": 0,
        "lease_seconds": None,
    }


def test_everything_may_be_given():
    words = ["--namespace", "shop", "--id", "a.1", "--address", "192.0.2.1", "--address", "2001:DB8::0:1"]
    words += ["--port", "http=80", "--port", "dns=53/udp", "--weight", "7", "--priority", "3", "--lease", "30"]
    made = registration(*words, lease=15)
    assert made.path == "/v1/namespaces/shop/services/web/endpoints/a.1"
    assert made.body["addresses"] == ["192.0.2.1", "2001:db8::1"]
    assert made.body["ports"][1] == {"name": "dns", "protocol": "UDP", "port": 53}
    assert (made.body["weight"], made.body["priority"], made.body["lease_seconds"]) == (7, 3, 30)


def test_the_default_lease_is_the_commands():
    assert registration(lease=15).endpoint.lease_seconds == 15


def test_every_wrong_value_is_named_by_its_flag():
    words = ["--namespace", "a.b", "--id", "x y", "--address", "1.2.3", "--port", "a=0", "--port", "b=80/icmp"]
    words += ["--weight", "-1", "--priority", "65536", "--lease", "0"]
    with pytest.raises(WrongCall) as refusal:
        registration(*words)
    said = str(refusal.value)
    for flag in ("--namespace", "--id", "--address", "--port", "--weight", "--priority", "--lease"):
        assert f"{flag}: " in said
    assert "'ICMP' is none of TCP, UDP, SCTP" in said


def test_our_address_is_the_one_on_the_way_to_the_server():
    assert address_towards(("http://localhost:8053",)) in ("127.0.0.1", "::1")
    assert address_towards(("http://nowhere.invalid", "https://127.0.0.1")) == "127.0.0.1"


def test_without_a_way_to_the_server_the_address_must_be_given():
    with pytest.raises(CommandFailed, match=r"give --address: .*nowhere\.invalid: "):
        address_towards(("http://nowhere.invalid",))
