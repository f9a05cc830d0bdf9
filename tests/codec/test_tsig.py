"""TSIG records read and written, and the file of keys."""

import dns.message
import dns.tsig
import pytest

from dnsd.codec.tsig import (
    ALGORITHMS,
    BADKEY,
    SIGNATURE_OCTETS_MOST,
    TsigKey,
    read_keys,
    read_signature,
    refusal_record,
    signature_octets,
    unsigned,
    with_record,
)
from dnsd.model.errors import InvalidFile, MalformedQuery
from dnsd.model.names import name_from_text

SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQ="


def signed_query() -> tuple[bytes, bytes]:
    """A query with and without its signature."""
    query = dns.message.make_query("Example.org", "SOA", id=7)
    plain = query.to_wire()
    query.use_tsig(dns.tsig.Key("Key.One.", SECRET, dns.tsig.HMAC_SHA256), fudge=200)
    return query.to_wire(), plain


def test_a_signature_is_read_and_taken_off():
    packet, plain = signed_query()
    signature = read_signature(packet, len(plain))
    assert signature.key_name == name_from_text("key.one")
    assert signature.algorithm == name_from_text("hmac-sha256")
    assert (signature.fudge, len(signature.mac), signature.original_id) == (200, 32, 7)
    assert unsigned(packet, len(plain)) == plain
    assert with_record(plain, packet[len(plain) :]) == packet


def test_every_cut_is_malformed():
    packet, plain = signed_query()
    for end in range(len(plain), len(packet)):
        with pytest.raises(MalformedQuery):
            read_signature(packet[:end], len(plain))
    with pytest.raises(MalformedQuery):
        read_signature(packet + b"\0", len(plain))
    with pytest.raises(MalformedQuery):
        read_signature(plain + b"\xc0\x0c" + packet[len(plain) + 9 :], len(plain))


def test_a_refusal_says_what_was_wrong():
    packet, plain = signed_query()
    signature = read_signature(packet, len(plain))
    told = read_signature(with_record(plain, refusal_record(signature, BADKEY)), len(plain))
    assert (told.error, told.mac, told.key_name, told.signed_at) == (17, b"", signature.key_name, signature.signed_at)


def test_a_file_of_keys():
    text = f"# comment\n\nhmac-sha512:One.Example.:{SECRET}\n two:{SECRET}\n"
    assert read_keys(text, "keys") == (
        TsigKey(name_from_text("one.example"), "hmac-sha512", b"secret secret secret"),
        TsigKey(name_from_text("two"), "hmac-sha256", b"secret secret secret"),
    )
    assert "secret" not in repr(read_keys(text, "keys")).replace("hmac-", "")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        (f"one:{SECRET}\none.:{SECRET}", 2),
        (f"hmac-md5:one:{SECRET}", 1),
        ("one:c2hvcnQ=", 1),
        ("one:***", 1),
        (f"a:b:c:{SECRET}", 1),
        (f"{'x' * 64}:{SECRET}", 1),
        ("\n" + SECRET, 2),
    ],
)
def test_what_is_wrong_with_a_file_without_a_word_of_it(text, line):
    with pytest.raises(InvalidFile, match=f"^keys:{line}: ") as told:
        read_keys(text, "keys")
    assert SECRET not in str(told.value)


def name_of(octets: int) -> str:
    """A name of so many octets on the wire, from 3 on."""
    labels, left = [], octets - 1
    while left:
        taken = 63 if left == 65 else min(64, left)
        labels.append("k" * (taken - 1))
        left -= taken
    return ".".join(labels)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_whose_name_leaves_no_room_for_signed_replies_is_refused(algorithm):
    most = SIGNATURE_OCTETS_MOST - signature_octets(b"", algorithm)
    assert [len(key.name) for key in read_keys(f"{algorithm}:{name_of(most)}:{SECRET}", "keys")] == [most]
    for octets in (most + 1, 255):
        why = f"^keys:1: with {algorithm} the name of a key may have {most} octets, .* this one has {octets}:"
        with pytest.raises(InvalidFile, match=why):
            read_keys(f"{algorithm}:{name_of(octets)}:{SECRET}", "keys")
