"""One number for everything that a mirror holds: equal at the same revision on all replicas, or something is wrong.

It is a sum over the objects, so a change alters it by what it takes out and puts in: it is known at every revision,
and replicas that are never at rest can be compared too.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change
from dnsd.model.service import EndpointKey, ServiceKey

Pair = tuple[ServiceKey | EndpointKey, int]
"""An object's key and revision."""

Sums = OrderedDict[int, int]
"""Revision -> sum, the latest last."""

REVISIONS_KEPT = 2000
"""So many of the last revisions it is remembered for: what another replica tells of is a moment old."""


def digest_of(pairs: Iterable[Pair]) -> str:
    """Sixteen hexadecimal digits, whatever the order. Objects without a revision (implied ones) do not count."""
    return _text(sum_of(pairs))


def sum_of(pairs: Iterable[Pair]) -> int:
    """The number behind a digest."""
    return sum(_word(key, revision) for key, revision in pairs)


class Digest:
    """The digest of one mirror as it changes: unknown until a sum over everything has been begun and settled."""

    def __init__(self) -> None:
        self._sums: Sums = OrderedDict()
        self._begun: Sums = OrderedDict()
        """What has changed since a sum was begun; with that sum it takes the place of the others."""

    @property
    def is_known(self) -> bool:
        """True when there is one."""
        return bool(self._sums)

    @property
    def latest(self) -> tuple[int, str]:
        """Revision and digest; (-1, "") when it is unknown."""
        revision = next(reversed(self._sums), -1)
        return revision, self.at(revision)

    def at(self, revision: int) -> str:
        """The digest as of a revision; "" when that is not known (any more)."""
        return _text(self._sums[revision]) if revision in self._sums else ""

    def forget(self) -> None:
        """The mirror was changed in another way than by changes."""
        self._sums, self._begun = OrderedDict(), OrderedDict()

    def begin(self, revision: int) -> Sums:
        """From now on changes count; somebody sums up what stood at ``revision``. Returns what :meth:`settle` wants."""
        self._begun = OrderedDict({revision: 0})
        return self._begun

    def settle(self, begun: Sums, total: int) -> None:
        """That was the sum; of no use when everything was forgotten meanwhile."""
        if begun is self._begun and begun:
            self._sums = OrderedDict((revision, total + since) for revision, since in begun.items())
            self._begun = OrderedDict()

    def follow(self, inventory: Inventory, changes: Iterable[Change]) -> None:
        """These are about to be applied to the inventory, one after the other."""
        if not (self._sums or self._begun):
            return
        for revision, difference in _differences(inventory, changes):
            for sums in filter(None, (self._sums, self._begun)):
                sums[revision] = sums[next(reversed(sums))] + difference
                if len(sums) > REVISIONS_KEPT:
                    sums.popitem(last=False)


def _differences(inventory: Inventory, changes: Iterable[Change]) -> Iterator[tuple[int, int]]:
    """By how much each change alters the sum."""
    latest: dict[ServiceKey | EndpointKey, int] = {}

    def replace(key: ServiceKey | EndpointKey, revision: int) -> int:
        if key not in latest:
            known = inventory.service(key) if len(key) == 2 else inventory.endpoint(key)
            latest[key] = known.revision if known else 0
        before, latest[key] = latest[key], revision
        return _word(key, revision) - _word(key, before)

    for change in changes:
        gone = sum(replace(removal.key, 0) for removal in change.removals)
        yield change.revision, gone + sum(replace(value.key, value.revision) for value in change.puts)


def _word(key: ServiceKey | EndpointKey, revision: int) -> int:
    if not revision:
        return 0
    word = f"{'/'.join(key)} {revision}".encode()
    return zlib.crc32(word) << 32 | zlib.adler32(word)


def _text(total: int) -> str:
    return f"{total & 0xFFFF_FFFF_FFFF_FFFF:016x}"
