"""Signing and verifying, against dnspython's own messages."""

import time

import dns.message
import dns.name
import dns.tsig
import pytest

from dnsd.codec.signature import SharedKeys
from dnsd.codec.tsig import BADKEY, BADSIG, BADTIME, TsigKey, read_signature
from dnsd.model.names import name_from_text

NAME = name_from_text("key.example")
ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1"]
NOW = int(time.time())


def ring(secret: bytes = b"0123456789abcdef", algorithm: str = "hmac-sha256") -> dict:
    return {dns.name.from_text("key.example"): dns.tsig.Key("key.example", secret, algorithm)}


def query(**options) -> tuple[dns.message.Message, bytes, int]:
    made = dns.message.make_query("example.org", "SOA")
    at = len(made.to_wire())
    made.use_tsig(ring(**options))
    return made, made.to_wire(), at


def reply_to(made: dns.message.Message) -> bytes:
    return dns.message.make_response(dns.message.make_query("example.org", "SOA", id=made.id)).to_wire()


def verify(packet: bytes, at: int, now: int = NOW, algorithm: str = "hmac-sha256"):
    keys = SharedKeys([TsigKey(NAME, algorithm, b"0123456789abcdef")])
    assert keys.names == {NAME}
    return keys.verify(packet, at, read_signature(packet, at), now)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signed_query_and_its_signed_replies(algorithm):
    made, packet, at = query(algorithm=algorithm)
    error, exchange = verify(packet, at, algorithm=algorithm)
    assert (error, exchange.key_name) == (0, NAME)
    plain = [reply_to(made) for _ in range(3)]
    replies = [exchange.sign(reply, NOW) for reply in plain]
    assert all(len(signed) - len(reply) <= exchange.octets for signed, reply in zip(replies, plain, strict=True))
    context = None
    for reply in replies:
        read = dns.message.from_wire(
            reply, keyring=ring(algorithm=algorithm), request_mac=made.mac, tsig_ctx=context, multi=True
        )
        assert read.had_tsig
        context = read.tsig_ctx


def test_what_is_not_right():
    _, packet, at = query()
    assert verify(packet, at, NOW + 1000)[0] == BADTIME
    assert verify(packet, at, algorithm="hmac-sha512") == (BADKEY, None)
    _, other, at = query(secret=b"another secret..")
    assert verify(other, at) == (BADSIG, None)
    changed = packet[:13] + b"X" + packet[14:]
    assert verify(changed, at) == (BADSIG, None)
    keys = SharedKeys([TsigKey(name_from_text("other"), "hmac-sha256", b"0123456789abcdef")])
    assert keys.verify(packet, at, read_signature(packet, at), NOW) == (BADKEY, None)


def test_a_reply_to_a_wrong_clock_is_signed_and_tells_ours():
    made, packet, at = query()
    _, exchange = verify(packet, at, NOW + 1000)
    reply = exchange.sign(reply_to(made), NOW + 1000, BADTIME)
    with pytest.raises(dns.tsig.PeerBadTime):
        dns.message.from_wire(reply, keyring=ring(), request_mac=made.mac)
    assert read_signature(reply, at).other == (NOW + 1000).to_bytes(6)


def test_a_request_of_ours():
    keys = SharedKeys([TsigKey(NAME, "hmac-sha256", b"0123456789abcdef")])
    packet = keys.request(NAME, dns.message.make_query("example.org", "SOA").to_wire(), NOW)
    assert dns.message.from_wire(packet, keyring=ring()).had_tsig
    with pytest.raises(KeyError):
        keys.request(name_from_text("other"), b"", NOW)
