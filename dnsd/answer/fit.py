"""Cutting a reply to size, in this order: additional section, then whole answer records, then TC (RFC 2181 9).

As many records stay as fit: with an empty truncated answer musl finds no address and HAProxy no server.
"""

from __future__ import annotations

from dnsd.answer.draft import Draft
from dnsd.authority.octets import AA, QR, heads, records_of

TC = 0x0200


def fitted(ident: bytes, is_rd: bool, question: bytes, draft: Draft, opt: bytes, limit: int) -> bytes:
    """The reply as octets, at most ``limit`` of them; ``ident`` and ``question`` as the query had them."""
    room = limit - 12 - len(question) - len(opt) - len(draft.answers) - len(draft.authority)
    if len(draft.additional) > room:
        draft.additional, draft.additional_count = b"", 0
        if draft.is_glue:
            return _written(ident, is_rd, question, draft, opt, TC if room >= 0 else _cut(draft, room))
    flags = _cut(draft, room) if room < 0 else 0
    return _written(ident, is_rd, question, draft, opt, flags)


def _cut(draft: Draft, room: int) -> int:
    """Leave out the authority section and the last answer records, in stable order; returns the flag that says so."""
    room += len(draft.answers) + len(draft.authority)
    draft.authority, draft.authority_count = b"", 0
    kept = []
    for record in records_of(draft.stable):
        if len(record) > room:
            break
        room -= len(record)
        kept.append(record)
    draft.answers, draft.answer_count = b"".join(kept), len(kept)
    return TC


def _written(ident: bytes, is_rd: bool, question: bytes, draft: Draft, opt: bytes, flags: int) -> bytes:
    flags |= draft.opcode << 11 | (QR | AA if draft.is_authoritative else QR)
    counts = (draft.answer_count, draft.authority_count, draft.additional_count)
    head = heads(*counts, draft.rcode & 15, flags)[is_rd + 2 * bool(opt)]
    return b"".join((ident, head, question, draft.answers, draft.authority, draft.additional, opt))
