"""The registry's word on an answer: text for an extended error (RFC 8914), for the person who runs ``dig``."""

from __future__ import annotations

from dnsd.answer.draft import Draft
from dnsd.authority.words import Words, port_text
from dnsd.model.message import Rcode
from dnsd.model.names import LABEL_OCTETS_MAX, Name, parent_of

TEXT_OCTETS_MOST = 160
_DEPTH = 3
_PROTOCOLS = {b"\x04_tcp": "TCP", b"\x04_udp": "UDP", b"\x05_sctp": "SCTP"}
_LABEL = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


def has_words(words: Words, owner: Name) -> bool:
    """True when there may be something to say to a negative answer for ``owner``; cheap, for the fast way."""
    reasons = words.reasons
    if owner[1:2] == b"_" and words.ports:
        return True
    return bool(reasons) and any(name in reasons for name in _nearest(owner))


def said(words: Words, owner: Name, draft: Draft) -> str:
    """The text for this answer, "" when there is nothing to say. An answer at a host's name needs none."""
    if draft.answer_count:
        return words.reasons.get(owner, "")
    return _bounded(_of_port(words, owner, draft) or _of_service(words, owner))


def _of_service(words: Words, owner: Name) -> str:
    return next((words.reasons[name] for name in _nearest(owner) if name in words.reasons), "")


def _of_port(words: Words, owner: Name, draft: Draft) -> str:
    """For ``_port._proto.<service>`` that does not exist while the service has named ports."""
    label = owner[1 : 1 + owner[0]]
    rest = parent_of(owner) if len(owner) > 1 else owner
    protocol = _PROTOCOLS.get(rest[: 1 + rest[0]])
    if draft.rcode != Rcode.NXDOMAIN or not label.startswith(b"_") or protocol is None:
        return ""
    ports = words.ports.get(parent_of(rest))
    if ports is None:
        return ""
    asked = label[1:].decode("ascii") if _LABEL.issuperset(label) else ""
    return f"no port named {port_text(asked, protocol)}; there are: {ports}" if asked else f"there are ports: {ports}"


def _nearest(owner: Name) -> tuple[Name, ...]:
    """The name and its two nearest ancestors: a service is at most so far above its port names.

    Safe for octets that only claim to be a name.
    """
    found, at = [owner], 0
    while len(found) < _DEPTH and at < len(owner) and 0 < owner[at] <= LABEL_OCTETS_MAX:
        at += 1 + owner[at]
        found.append(owner[at:])
    return tuple(found)


def _bounded(text: str) -> str:
    octets = text.encode()
    return text if len(octets) <= TEXT_OCTETS_MOST else octets[:TEXT_OCTETS_MOST].decode("utf-8", "ignore")
