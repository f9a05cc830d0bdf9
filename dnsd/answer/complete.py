"""The complete way: any packet, step by step, for what the fast way of ``respond`` leaves to it. Never raises."""

from __future__ import annotations

from dnsd.answer import checks, forwarded, signed, transfer
from dnsd.answer.cookies import cookie_option, is_valid
from dnsd.answer.draft import Draft
from dnsd.answer.edns import CLIENT_COOKIE_OCTETS, Edns, extended_error, opt_octets, padded
from dnsd.answer.fit import fitted
from dnsd.answer.follow import follow, not_ours
from dnsd.answer.said import said
from dnsd.answer.scan import HEADER_OCTETS, Query, is_query, question_of, read_bare_edns, read_query
from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.codec.tsig import unsigned
from dnsd.model.errors import MalformedOpt, MalformedQuery
from dnsd.model.message import Drop, ExtendedError, Forward, Outcome, Rcode, Reply, Resolved, Transfer, Wanted
from dnsd.model.names import Name

_FLAGS_KEPT = 0x79
"""Opcode and RD of a query's third octet."""


def respond_completely(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """The outcome for ``packet``, whatever it is; arguments as in ``respond``."""
    if len(packet) < HEADER_OCTETS:
        return Drop("short")
    if packet[2] & 0x80:
        return Drop("response")
    try:
        if not int.from_bytes(packet[4:6]):
            return _without_question(packet, peer, terms), b""
        query = read_query(packet)
        if query.tsig_at:
            return _respond_signed(query, packet, peer, chance, table, terms)
        return _respond(query, packet, peer, chance, table, terms)
    except MalformedOpt as fault:
        return _opt_refused(packet, fault.is_do, terms)
    except MalformedQuery:
        return _header_only(packet, Rcode.FORMERR if is_query(packet) else Rcode.NOTIMP), b""


def _respond(
    query: Query,
    packet: bytes,
    peer: bytes,
    chance: int,
    table: Table,
    terms: Terms,
    key_name: Name = b"",
    reserved: int = 0,
) -> Outcome:
    """The outcome for a readable query; ``key_name``: whose it is, if it was signed; so many octets are not used."""
    # Whoever signs with a key of ours is no stranger, wherever he is.
    draft = None if key_name else checks.prohibited(peer, terms)
    draft = draft or checks.refused(query, packet[2] >> 3 & 15, table.loaded, terms)
    if draft is None and query.qtype in checks.TRANSFERS:
        draft = transfer.refused(query, peer, key_name, terms.transfer_to, table, terms.is_tcp)
        draft = draft or transfer.current(query, packet, table, terms.is_tcp)
        if draft is None:
            return _transfer(query, packet, peer, table, terms)
    if draft is None:
        draft = follow(table.nodes, query.owner, query.key, chance)
        if draft is None and terms.short_names is not None:
            draft = terms.short_names.follow(table.nodes, query.owner, query.key, chance, peer)
        wanted = forwarded.wanted(query, packet, peer, draft, terms)
        if wanted is not None:
            return _forward(wanted, query, packet, peer, draft, chance, table, terms, reserved)
        draft = draft or forwarded.not_for_you(query, peer, terms) or not_ours()
        if query.edns is not None:
            _say(draft, query, table)
    return _written(query, packet, peer, draft, terms, reserved), query.key


def _forward(
    wanted: Wanted,
    query: Query,
    packet: bytes,
    peer: bytes,
    draft: Draft | None,
    chance: int,
    table: Table,
    terms: Terms,
    reserved: int,
) -> Forward:
    def finish(resolved: Resolved) -> bytes:
        made = forwarded.completed(draft, query, table.nodes, resolved, chance)
        return _written(query, packet, peer, made, terms, reserved)

    return Forward(wanted, query.key, finish)


def _say(draft: Draft, query: Query, table: Table) -> None:
    """Let the draft tell what the registry has to say of it (RFC 8914)."""
    draft.is_ours = draft.rcode != Rcode.REFUSED
    draft.text = said(table.words, query.owner, draft)
    if draft.text:
        draft.reason = ExtendedError.OTHER


def _written(query: Query, packet: bytes, peer: bytes, draft: Draft, terms: Terms, reserved: int = 0) -> bytes:
    opt, limit = b"", terms.plain_limit
    if query.edns is not None:
        limit = terms.limit(query.edns.payload)
        opt = _opt(query.edns, draft, peer, terms, _errors(draft, terms))
        octets = HEADER_OCTETS + len(query.question) + len(draft.answers) + len(draft.authority) + len(draft.additional)
        if octets + len(opt) > limit - reserved:
            # Never is an extended error the reason for leaving out a record (RFC 8914 3).
            opt = _opt(query.edns, draft, peer, terms)
    reply = fitted(packet[:2], query.is_rd, query.question, draft, opt, limit - reserved)
    if query.edns is not None and query.edns.is_padded and terms.is_encrypted:
        reply = padded(reply, opt, limit - reserved)
    # Here, not at the door, because a signature holds for the flags too.
    return forwarded.offering(reply) if query.tsig_at and forwarded.is_offered(peer, terms) else reply


def _transfer(query: Query, packet: bytes, peer: bytes, table: Table, terms: Terms) -> Transfer:
    def busy() -> bytes:
        return _written(query, packet, peer, Draft(Rcode.SERVFAIL, is_authoritative=False), terms)

    opt = b"" if query.edns is None else _opt(query.edns, Draft(), peer, terms)
    return Transfer(transfer.messages(query, packet, table, opt), query.key, busy)


def _respond_signed(query: Query, packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """The outcome for a query with a TSIG record. Raises MalformedQuery."""
    error, exchange, signature = signed.verified(packet, query.tsig_at, terms)
    if error or exchange is None:
        draft = Draft(Rcode.NOTAUTH, is_authoritative=False, opcode=packet[2] >> 3 & 15)
        reply = _written(query, packet, peer, draft, terms)
        limit = terms.plain_limit if query.edns is None else terms.limit(query.edns.payload)
        return signed.refusal(reply, error, exchange, signature, terms, limit), query.key
    bare = unsigned(packet, query.tsig_at)
    outcome = _respond(query, bare, peer, chance, table, terms, exchange.key_name, exchange.octets)
    return signed.signed(outcome, exchange, terms)


def _opt(edns: Edns, draft: Draft, peer: bytes, terms: Terms, errors: bytes = b"") -> bytes:
    """The OPT of the reply (RFC 6891 6.1.1: if and only if the query has one)."""
    return opt_octets(terms.payload_most, edns.is_do, errors + cookie_option(edns, peer, terms), draft.rcode)


def _errors(draft: Draft, terms: Terms) -> bytes:
    """The extended errors of a reply: what the registry has to say, and that it is old news (RFC 8914)."""
    errors = b"" if draft.reason is None else extended_error(draft.reason, draft.text)
    if draft.is_ours and terms.is_stale:
        is_denial = draft.rcode == Rcode.NXDOMAIN
        errors += extended_error(ExtendedError.STALE_NXDOMAIN if is_denial else ExtendedError.STALE_ANSWER)
    return errors


def _without_question(packet: bytes, peer: bytes, terms: Terms) -> bytes:
    """FORMERR, but for a client that asks for its cookie alone. Raises MalformedQuery."""
    edns = read_bare_edns(packet)
    if edns is None or not is_query(packet):
        raise MalformedQuery("no question")
    rcode = _verdict_without_question(edns, peer, terms)
    opt = opt_octets(terms.payload_most, edns.is_do, cookie_option(edns, peer, terms), rcode)
    return packet[:2] + bytes((0x80 | packet[2] & _FLAGS_KEPT, rcode & 15, 0, 0, 0, 0, 0, 0, 0, 1)) + opt


def _verdict_without_question(edns: Edns, peer: bytes, terms: Terms) -> Rcode:
    """NOERROR for a client's cookie, alone or with a good one of ours, for it needs no question (RFC 7873 5.4)."""
    if edns.version:
        return Rcode.BADVERS
    if edns.cookie is None or not terms.cookie_secret:
        return Rcode.FORMERR
    if len(edns.cookie) == CLIENT_COOKIE_OCTETS or is_valid(edns.cookie, peer, terms.now, terms.cookie_secret):
        return Rcode.NOERROR
    return Rcode.BADCOOKIE


def _opt_refused(packet: bytes, is_do: bool, terms: Terms) -> Reply:
    """FORMERR for an OPT that is wrong: "the DNS header, question section, and an OPT record" (RFC 6891 7)."""
    if not is_query(packet):
        return _header_only(packet, Rcode.NOTIMP), b""
    question = question_of(packet)
    head = bytes((0x80 | packet[2] & _FLAGS_KEPT, Rcode.FORMERR, 0, bool(question), 0, 0, 0, 0, 0, 1))
    return b"".join((packet[:2], head, question, opt_octets(terms.payload_most, is_do))), question[-4:]


def _header_only(packet: bytes, rcode: Rcode) -> bytes:
    """Twelve octets: what could not be read is not echoed."""
    return packet[:2] + bytes((0x80 | packet[2] & _FLAGS_KEPT, rcode)) + bytes(8)
