"""One packet in, one outcome out: the seam between the DNS protocol and the doors. Never raises, never waits.

The fast way, here, serves plain queries (one question, class IN, at most an OPT with nothing but a cookie) for what
stands ready in the table. Everything else takes the way of ``complete``: odd headers, options, aliases, delegations,
refusals. Both say the same, octet for octet.
"""

from __future__ import annotations

from dnsd.answer.complete import respond_completely
from dnsd.answer.cookies import opt_with_cookie
from dnsd.answer.follow import ANY_KEY, CNAME_KEY, SOA_KEY
from dnsd.answer.lookup import DNAME_KEY, closest_encloser
from dnsd.answer.order import ordered
from dnsd.answer.said import has_words
from dnsd.answer.scan import HEADER_OCTETS, PLAIN
from dnsd.answer.terms import Terms
from dnsd.authority.node import Node
from dnsd.authority.octets import heads, question_key
from dnsd.authority.table import Table
from dnsd.model.message import Outcome, Rcode, RRType
from dnsd.model.names import NAME_OCTETS_MAX

_OPT_START = b"\0\x00\x29"
_OPT_ENDS = {b"\0\0\0\0\0\0": False, b"\0\0\x80\0\0\0": True}
"""What follows an OPT's payload when it has no options, extended rcode 0 and version 0 -> DO."""
_IN = question_key(0)[2:]
_SPECIAL = frozenset(
    {ANY_KEY, SOA_KEY, question_key(RRType.AXFR), question_key(RRType.IXFR), question_key(RRType.CNAME)}
)
_NODATA = heads(0, 1, 0)
_NXDOMAIN = heads(0, 1, 0, Rcode.NXDOMAIN)
_IDENT, _PLAIN, _QUESTION = slice(2), slice(2, HEADER_OCTETS), slice(HEADER_OCTETS, None)
_NAME, _KEY = slice(-4), slice(-4, None)


def respond(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """The outcome for ``packet`` from ``peer`` (4 or 16 address octets); ``chance``: 32 uniform random bits."""
    head_index = PLAIN.get(packet[_PLAIN])
    if head_index is None:
        return respond_completely(packet, peer, chance, table, terms)
    # The question only claims to be one so far. What is none, is cut short or followed by more is no key of the table.
    if head_index < 2:
        tail, opt, limit = len(packet), b"", terms.plain_limit
        question = packet[_QUESTION]
    else:
        tail = packet.find(b"\0", HEADER_OCTETS) + 5
        opt = _opt(packet, tail, peer, terms)
        if not opt:
            return respond_completely(packet, peer, chance, table, terms)
        limit = terms.limit(packet[tail + 3] << 8 | packet[tail + 4]) - len(opt)
        question = packet[HEADER_OCTETS:tail]
    owner, key = question[_NAME].lower(), question[_KEY]
    found = node = table.nodes.get(owner)
    while found is not None:
        form = found.form
        if form.key == key:
            break
        found = found.rest
    else:
        denial = _denial(node, owner, key, table, terms, bool(opt))
        if denial is None or tail + len(denial[1]) > limit:
            return respond_completely(packet, peer, chance, table, terms)
        return b"".join((packet[_IDENT], denial[0][head_index], question, denial[1], opt)), key
    if opt and owner in table.words.reasons:
        return respond_completely(packet, peer, chance, table, terms)
    records, octets = found.records, form.octets
    if tail + octets > limit:
        # What does not fit goes without its additional section, as in ``fit``.
        octets = form.section_octets
        if tail + octets > limit:
            return respond_completely(packet, peer, chance, table, terms)
        head, records = form.bare_heads[head_index], records[:octets]
    else:
        head = form.heads[head_index]
    if draws := form.draws:
        if cut := draws[chance % len(draws)]:
            # The drawn record stands first, those before it behind the last, and the additional section where it was.
            middle = form.section_octets
            parts = (packet[_IDENT], head, question, records[cut:middle], records[:cut], records[middle:], opt)
            return b"".join(parts), form.key
    elif form.rotations:
        records = ordered(found.answer, chance) + records[form.section_octets :]
    return b"".join((packet[_IDENT], head, question, records, opt)), form.key  # its hash is known, for who counts


def _opt(packet: bytes, tail: int, peer: bytes, terms: Terms) -> bytes:
    """The reply's OPT; nothing when that of the query is not at ``tail``, or takes a closer look."""
    if packet[tail : tail + 3] != _OPT_START:
        return b""
    rest = packet[tail + 5 :]
    is_do = _OPT_ENDS.get(rest)
    return opt_with_cookie(rest, peer, terms) if is_do is None else terms.opts[is_do]


def respond_to_some(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """As ``respond`` where not everybody may ask: a stranger takes the complete way, which refuses him."""
    way = respond if terms.access.may_ask(peer) else respond_completely
    return way(packet, peer, chance, table, terms)


Denial = tuple[tuple[bytes, ...], bytes]
"""Reply heads and the SOA record of a negative answer."""


def _denial(node: Node | None, owner: bytes, key: bytes, table: Table, terms: Terms, has_opt: bool) -> Denial | None:
    """NODATA or NXDOMAIN for what only claims to be a name so far; None when that takes a closer look."""
    if key in _SPECIAL or key[2:] != _IN or (has_opt and (terms.is_stale or has_words(table.words, owner))):
        return None
    if node is not None:
        form = node.form
        return None if form.kind or form.key == CNAME_KEY else (_NODATA, node.zone.negative)
    if len(owner) > NAME_OCTETS_MAX:
        return None
    encloser = closest_encloser(table.nodes, owner)
    if encloser is None:
        return None
    node = table.nodes[encloser]
    if node.kind or node.zone.has_wildcards or node.get(DNAME_KEY) is not None:
        return None
    return _NXDOMAIN, node.zone.negative
