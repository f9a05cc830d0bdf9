"""Short names: ``redis``, asked by a client whose network belongs to a namespace, is ``redis.<namespace>.svc.<zone>``.

The answer says so by a CNAME, so nobody needs a search list, whose every miss is a query more. Only names of a single
label are short: ``web.team-b`` may be somebody's real domain, and Kubernetes' own search list is there for it. Once a
client is in the table, all single labels are its namespace's, those that do not exist too: it is told so at once, by
the same CNAME, and no upstream hears of a typing error.
"""

from __future__ import annotations

from collections.abc import Iterable

from dnsd.answer.draft import Draft
from dnsd.answer.follow import follow_alias
from dnsd.answer.networks import Networks
from dnsd.authority.node import Node
from dnsd.authority.octets import question_key
from dnsd.model.message import RRType
from dnsd.model.names import Name, is_label, name_from_text

TTL_SECONDS = 5
"""Of the CNAME; as long as services live in caches by default."""
_NEVER_SHORT = frozenset(map(name_from_text, ("localhost", "local", "arpa", "invalid", "onion")))
"""Special names (RFC 6761, 6762, 7686), and the parent of the reverse zones."""
_DNSKEY = 48
_OF_ZONES = frozenset(map(question_key, (RRType.NS, RRType.SOA, RRType.DS, _DNSKEY)))
"""Types that are asked of top-level domains, never of services."""


class ShortNames:
    """Which namespace the single labels of a client belong to."""

    def __init__(self, zone: Name, namespaces: Iterable[tuple[str, str]]) -> None:
        """``namespaces``: networks with their namespaces, both in text; the longest prefix decides."""
        services = name_from_text("svc")[:-1] + zone
        self._suffixes = Networks((network, name_from_text(name)[:-1] + services) for network, name in namespaces)

    def target(self, owner: Name, key: bytes, peer: bytes) -> Name | None:
        """The name that ``owner`` is short for, when ``peer`` asks for it; None when it is none.

        ``key``: type and class asked for.
        """
        label = owner[1:-1]
        if owner[0] != len(label) or not label or owner in _NEVER_SHORT or key in _OF_ZONES:
            return None
        suffix = self._suffixes.find(peer)
        if suffix is None or not is_label(label.decode("latin-1")):
            return None
        return owner[:-1] + suffix

    def follow(self, nodes: dict[Name, Node], owner: Name, key: bytes, chance: int, peer: bytes) -> Draft | None:
        """The draft for a short name: its CNAME and what that leads to; None when it is none."""
        target = self.target(owner, key, peer)
        return None if target is None else follow_alias(nodes, owner, target, TTL_SECONDS, key, chance)
