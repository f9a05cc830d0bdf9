"""Tokens as JSON: in the store, in replies, and the body that makes one."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.grant import Grant
from dnsd.model.token import EXPIRES_SECONDS_MOST, Token


def token_to_text(token: Token) -> str:
    """As it is stored, with the hash."""
    kept = document_of_token(token) | {"secret_hash": token.secret_hash}
    return json.dumps(kept, separators=(",", ":"))


def token_from_text(text: str) -> Token:
    """What :func:`token_to_text` wrote. Raises InvalidRecord for anything else."""
    try:
        stored = json.loads(text)
        expires_at = stored["expires_at"]
        return Token(
            id=str(stored["id"]),
            name=str(stored["name"]),
            grants=tuple(_grant(each) for each in stored["grants"]),
            created_at=int(stored["created_at"]),
            expires_at=None if expires_at is None else int(expires_at),
            secret_hash=str(stored["secret_hash"]),
            subject=str(stored["subject"] or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InvalidRecord(Fault("", f"not a token: {type(fault).__name__}")) from None


def document_of_token(token: Token) -> dict[str, object]:
    """As it is shown: without the hash."""
    return {
        "id": token.id,
        "name": token.name,
        "subject": token.subject or None,
        "grants": [
            {
                "verbs": list(grant.verbs),
                "namespace": grant.namespace,
                "service": grant.service,
                "addresses": None if grant.networks is None else list(grant.networks),
            }
            for grant in token.grants
        ],
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }


def token_from_document(document: object, identifier: str, secret_hash: str, now: int) -> Token:
    """The token that a body asks for; with a ``subject`` it has no secret. Raises InvalidRecord with all faults."""
    # Imported here, because to load the shapes takes 0.2 s, and the first answers of a start do not need them.
    from dnsd.codec.reading import read_shape
    from dnsd.codec.requests import TokenShape

    shape = read_shape(TokenShape, document)
    grants, faults = [], []
    for index, given in enumerate(shape.grants):
        networks = None if given.addresses is None else tuple(_canonical(text) for text in given.addresses)
        try:
            grants.append(Grant(tuple(dict.fromkeys(given.verbs)), given.namespace, given.service, networks))
        except InvalidRecord as invalid:
            faults += [Fault(f"/grants/{index}{fault.pointer}", fault.reason) for fault in invalid.faults]
    seconds = shape.expires_seconds
    if seconds is not None and not 1 <= seconds <= EXPIRES_SECONDS_MOST:
        faults.append(Fault("/expires_seconds", f"{seconds} is not in 1 to {EXPIRES_SECONDS_MOST}"))
    if shape.subject is not None and not (0 < len(shape.subject) <= 1024 and shape.subject.isprintable()):
        faults.append(Fault("/subject", "1 to 1024 printable characters are needed, such as CN=web,O=acme"))
    if faults:
        raise InvalidRecord(*faults)
    proof = {"subject": shape.subject} if shape.subject else {"secret_hash": secret_hash}
    expires_at = None if seconds is None else now + seconds
    return Token(identifier, shape.name, tuple(grants), now, expires_at, **proof)


def _grant(stored: Any) -> Grant:
    networks = stored["addresses"]
    return Grant(
        tuple(stored["verbs"]), stored["namespace"], stored["service"], None if networks is None else tuple(networks)
    )


def _canonical(text: str) -> str:
    """The network's one spelling; an address is a network of its own; what is none stays, and is a fault."""
    try:
        return str(ip_network(text))
    except ValueError:
        return text
