"""Signed requests (TSIG, RFC 8945): verified before they are answered, their replies signed, failures told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dnsd.answer.fit import TC
from dnsd.answer.terms import Terms
from dnsd.codec.tsig import (
    BADKEY,
    BADTIME,
    Exchange,
    Signature,
    read_signature,
    refusal_record,
    with_record,
)
from dnsd.model.message import Forward, Outcome, Transfer


def verified(packet: bytes, at: int, terms: Terms) -> tuple[int, Exchange | None, Signature]:
    """TSIG error, exchange and signature of a packet whose TSIG record starts at ``at``. Raises MalformedQuery."""
    signature = read_signature(packet, at)
    if terms.keyring is None:
        return BADKEY, None, signature
    return *terms.keyring.verify(packet, at, signature, terms.now), signature


def refusal(
    reply: bytes, error: int, exchange: Exchange | None, signature: Signature, terms: Terms, limit: int
) -> bytes:
    """The NOTAUTH reply with the TSIG error: signed when only the clocks differ (RFC 8945 5.2.3).

    Names as long as can be leave no room for that in so many octets: then without it, and truncated.
    """
    if exchange is not None and error == BADTIME:
        told = exchange.sign(reply, terms.now, error)
    else:
        told = with_record(reply, refusal_record(signature, error))
    return told if len(told) <= limit else reply[:2] + bytes((reply[2] | TC >> 8,)) + reply[3:]


def signed(outcome: Outcome, exchange: Exchange, terms: Terms) -> Outcome:
    """The same outcome, its reply or all its messages signed."""
    if isinstance(outcome, tuple):
        return exchange.sign(outcome[0], terms.now), outcome[1]
    if isinstance(outcome, Forward):
        finish = outcome.finish
        return replace(outcome, finish=lambda resolved: exchange.sign(finish(resolved), terms.now))
    if isinstance(outcome, Transfer):
        busy = outcome.busy
        return Transfer(
            _signed(outcome.messages, exchange, terms), outcome.question, lambda: exchange.sign(busy(), terms.now)
        )
    return outcome


def _signed(messages: Iterator[bytes], exchange: Exchange, terms: Terms) -> Iterator[bytes]:
    for message in messages:
        yield exchange.sign(message, terms.now) if message else b""
