"""Which upstreams a name is asked of: the longest domain that holds it decides, ``.`` is for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dnsd.forward.upstream import Upstream
from dnsd.model.names import ROOT, Name, parent_of

_REVERSE = (b"\7in-addr\4arpa\0", b"\3ip6\4arpa\0")


class Routes:
    """Domains (folded) with their upstreams."""

    def __init__(self, upstreams: Mapping[Name, Sequence[Upstream]]) -> None:
        self._upstreams = {domain: tuple(those) for domain, those in upstreams.items() if those}

    def domain_of(self, name: Name) -> Name | None:
        """The longest domain with upstreams that ``name`` (folded) is at or below; None when there is none."""
        while name not in self._upstreams:
            if name == ROOT:
                return None
            name = parent_of(name)
        return name

    def upstreams_of(self, name: Name) -> tuple[Upstream, ...]:
        """The upstreams to ask for ``name``, none when it is nobody's."""
        domain = self.domain_of(name)
        return () if domain is None else self._upstreams[domain]

    def all(self) -> tuple[Upstream, ...]:
        """Every upstream once."""
        return tuple(dict.fromkeys(each for those in self._upstreams.values() for each in those))

    def reverse(self) -> frozenset[Name]:
        """The reverse ranges that upstreams are named for."""
        return frozenset(name for name in self._upstreams if name.endswith(_REVERSE))
