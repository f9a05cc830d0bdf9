"""Signing and verifying (RFC 8945): the door to dnspython, which is imported only where keys are set.

To have it: ``pip install 'dnsd[tsig]'``.
"""

from __future__ import annotations

from collections.abc import Iterable

import dns.name
import dns.tsig
from dns.rdataclass import ANY as ANY_CLASS
from dns.rdatatype import TSIG as TSIG_TYPE
from dns.rdtypes.ANY.TSIG import TSIG

from dnsd.codec.tsig import (
    BADKEY,
    BADSIG,
    BADTIME,
    FUDGE_SECONDS,
    Signature,
    TsigKey,
    record_octets,
    signature_octets,
    with_record,
)
from dnsd.model.names import Name


class SharedKeys:
    """The keys of this server; a :class:`dnsd.codec.tsig.Keyring`."""

    def __init__(self, keys: Iterable[TsigKey]) -> None:
        self._keys = {key.name: _library_key(key) for key in keys}

    @property
    def names(self) -> frozenset[Name]:
        """What the keys are called, folded."""
        return frozenset(self._keys)

    def verify(self, packet: bytes, at: int, signature: Signature, now: int) -> tuple[int, SignedExchange | None]:
        """The TSIG error and the exchange: key and algorithm first, then the MAC, then the time (RFC 8945 5.2)."""
        key = self._keys.get(signature.key_name)
        if key is None or key.algorithm != _name(signature.algorithm):
            return BADKEY, None
        numbers = signature.signed_at, signature.fudge, signature.mac, signature.original_id
        claimed = _rdata(key, *numbers, signature.other)
        exchange = SignedExchange(signature.key_name, key, signature.mac, signature)
        try:
            dns.tsig.validate(packet, key, key.name, claimed, now, b"", at)  # type: ignore[no-untyped-call]
        except dns.tsig.BadTime:
            return BADTIME, exchange
        except (dns.tsig.BadSignature, dns.tsig.PeerError):
            return BADSIG, None
        return 0, exchange

    def request(self, key_name: Name, packet: bytes, now: int) -> bytes:
        """A request of ours, signed. Raises KeyError when there is no key of this name."""
        return SignedExchange(key_name, self._keys[key_name], b"").sign(packet, now)


class SignedExchange:
    """One request and its replies, each signed together with what went before (RFC 8945 5.3.1)."""

    def __init__(self, key_name: Name, key: dns.tsig.Key, mac: bytes, request: Signature | None = None) -> None:
        self.key_name = key_name
        self._key = key
        self._request_mac = mac
        self._request = request
        self._context: object = None
        self.octets = signature_octets(key_name, key.algorithm.to_text(omit_final_dot=True))

    def sign(self, reply: bytes, now: int, error: int = 0) -> bytes:
        """The message with its TSIG record."""
        signed_at, other = now, b""
        if error == BADTIME and self._request is not None:
            # The time of the request, so that the client can verify it, and ours beside it (RFC 8945 5.2.3).
            signed_at, other = self._request.signed_at, now.to_bytes(6)
        blank = _rdata(self._key, signed_at, FUDGE_SECONDS, b"", int.from_bytes(reply[:2]), other, error)
        rdata, self._context = dns.tsig.sign(  # type: ignore[no-untyped-call]
            reply, self._key, blank, signed_at, self._request_mac, self._context, multi=True
        )
        return with_record(reply, record_octets(self.key_name, rdata.to_wire()))


def _library_key(key: TsigKey) -> dns.tsig.Key:
    return dns.tsig.Key(_name(key.name), key.secret, dns.name.from_text(key.algorithm))


def _name(name: Name) -> dns.name.Name:
    return dns.name.from_wire(name, 0)[0]


def _rdata(
    key: dns.tsig.Key, signed_at: int, fudge: int, mac: bytes, original_id: int, other: bytes, error: int = 0
) -> TSIG:
    fields = (key.algorithm, signed_at, fudge, mac, original_id, error, other)
    return TSIG(ANY_CLASS, TSIG_TYPE, *fields)  # type: ignore[no-untyped-call]
