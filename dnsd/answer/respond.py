"""One packet in, one outcome out: the seam between the DNS protocol and the doors. Never raises, never waits.

The fast way serves plain queries (one question, class IN, at most an OPT with nothing but a cookie) for what stands
ready in the table. Everything else takes the complete way: odd headers, options, aliases, delegations, refusals.
"""

from __future__ import annotations

from dnsd.answer import checks, signed, transfer
from dnsd.answer.cookies import cookie_option, is_valid, opt_with_cookie
from dnsd.answer.draft import Draft
from dnsd.answer.edns import CLIENT_COOKIE_OCTETS, Edns, extended_error, opt_octets
from dnsd.answer.fit import fitted
from dnsd.answer.follow import ANY_KEY, CNAME_KEY, SOA_KEY, follow, not_ours
from dnsd.answer.lookup import DNAME_KEY, closest_encloser
from dnsd.answer.order import ordered
from dnsd.answer.said import has_words, said
from dnsd.answer.scan import HEADER_OCTETS, PLAIN, Query, is_query, question_of, read_bare_edns, read_query
from dnsd.answer.terms import Terms
from dnsd.authority.node import Node, heads, question_key
from dnsd.authority.table import Table
from dnsd.codec.tsig import unsigned
from dnsd.model.errors import MalformedOpt, MalformedQuery
from dnsd.model.message import Drop, ExtendedError, Outcome, Rcode, Reply, RRType, Transfer
from dnsd.model.names import NAME_OCTETS_MAX, Name

_OPT_START = b"\0\x00\x29"
_OPT_ENDS = {b"\0\0\0\0\0\0": False, b"\0\0\x80\0\0\0": True}
"""What follows an OPT's payload when it has no options, extended rcode 0 and version 0 -> DO."""
_IN = question_key(0)[2:]
_SPECIAL = frozenset(
    {ANY_KEY, SOA_KEY, question_key(RRType.AXFR), question_key(RRType.IXFR), question_key(RRType.CNAME)}
)
_NODATA = heads(0, 1, 0)
_NXDOMAIN = heads(0, 1, 0, Rcode.NXDOMAIN)
Denial = tuple[tuple[bytes, ...], bytes]
"""Reply heads and the SOA record of a negative answer."""
_FLAGS_KEPT = 0x79
"""Opcode and RD of a query's third octet."""


def respond(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """The outcome for ``packet`` from ``peer`` (4 or 16 address octets); ``chance``: 32 uniform random bits."""
    head_index = PLAIN.get(packet[2:12])
    if head_index is None:
        return respond_completely(packet, peer, chance, table, terms)
    # The first zero octet ends the name if it is a name; one that is not is no key of the table.
    end = packet.find(b"\0", HEADER_OCTETS) + 1
    tail = end + 4
    if head_index < 2 and len(packet) == tail:
        opt, limit = b"", terms.plain_limit
    elif head_index > 1 and packet[tail : tail + 3] == _OPT_START:
        rest = packet[tail + 5 :]
        is_do = _OPT_ENDS.get(rest)
        opt = opt_with_cookie(rest, peer, terms) if is_do is None else terms.opts[is_do]
        if not opt:
            return respond_completely(packet, peer, chance, table, terms)
        limit = terms.limit(packet[tail + 3] << 8 | packet[tail + 4])
    else:
        return respond_completely(packet, peer, chance, table, terms)
    owner, key = packet[HEADER_OCTETS:end].lower(), packet[end:tail]
    node = table.nodes.get(owner)
    if node is None:
        denial = None if opt and (terms.is_stale or has_words(table.words, owner)) else _no_name(table, owner, key)
    else:
        answer = node.answers.get(key)
        if answer is not None and (not opt or owner not in table.words.reasons):
            excess = answer.size + len(opt) - limit
            if excess <= len(answer.additional):
                section = ordered(answer, chance) if answer.rotations else answer.section
                # What does not fit goes without its additional section, as in ``fit``.
                whole = (answer.heads, answer.additional) if excess <= 0 else (heads(answer.count, 0, 0), b"")
                return b"".join((packet[:2], whole[0][head_index], packet[12:tail], section, whole[1], opt)), key
        denial = None if answer is not None or (opt and has_words(table.words, owner)) else _no_data(node, key)
    if denial is None or tail + len(denial[1]) + len(opt) > limit:
        return respond_completely(packet, peer, chance, table, terms)
    return b"".join((packet[:2], denial[0][head_index], packet[HEADER_OCTETS:tail], denial[1], opt)), key


def respond_completely(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """The same outcome for any packet, step by step."""
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
    draft = checks.refused(query, packet[2] >> 3 & 15, table.loaded, terms)
    if draft is None and query.qtype in checks.TRANSFERS:
        draft = transfer.refused(query, peer, key_name, terms.transfer_to, table, terms.is_tcp)
        draft = draft or transfer.current(query, packet, table, terms.is_tcp)
        if draft is None:
            return _transfer(query, packet, peer, table, terms)
    if draft is None:
        draft = follow(table.nodes, query.owner, query.key, chance) or not_ours()
        if query.edns is not None:
            _say(draft, query, table)
    return _written(query, packet, peer, draft, terms, reserved), query.key


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
    return fitted(packet[:2], query.is_rd, query.question, draft, opt, limit - reserved)


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


def _no_name(table: Table, owner: bytes, key: bytes) -> Denial | None:
    """NXDOMAIN for what only claims to be a name so far; None when that takes a closer look."""
    if len(owner) > NAME_OCTETS_MAX or key in _SPECIAL or key[2:] != _IN:
        return None
    encloser = closest_encloser(table.nodes, owner)
    if encloser is None:
        return None
    node = table.nodes[encloser]
    if node.kind or node.zone.has_wildcards or DNAME_KEY in node.answers:
        return None
    return _NXDOMAIN, node.zone.negative


def _no_data(node: Node, key: bytes) -> Denial | None:
    """NODATA for a name that owns nothing of this type; None when that takes a closer look."""
    if node.kind or CNAME_KEY in node.answers or key in _SPECIAL or key[2:] != _IN:
        return None
    return _NODATA, node.zone.negative


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
