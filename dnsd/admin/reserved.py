"""Namespaces that would catch names meant for somebody else.

With the search list ``svc.ZONE ZONE`` a client that looks for ``ns.dns`` asks for ``ns.dns.svc.ZONE`` first: the
service ``ns`` of a namespace ``dns`` would catch it. So the labels that stand at a zone's apex are no namespaces.
Likewise ``example.com`` becomes ``example.com.svc.ZONE``, the service ``example`` of a namespace ``com``
(GHSA-h828-v5pv-33qx): a namespace named like a top-level domain is warned about, or refused. ``_*`` is no label at all.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from importlib import resources

from dnsd.model.errors import Fault, InvalidRecord
from dnsd.registry.mirror import Mirror
from dnsd.registry.operations import Operation, Put
from dnsd.runtime.log import Once

APEX = frozenset({"dns", "dns-version", "ns", "pod", "svc"})
"""What stands below a zone's apex whatever is registered, and ``pod``, which Kubernetes keeps there."""
_SPECIAL = frozenset({"alt", "example", "home", "internal", "invalid", "local", "localhost", "onion", "test"})

_log = logging.getLogger("dnsd.admin")


class Reserved:
    """``strict``: a namespace like a top-level domain is refused. What stands already may be written on."""

    def __init__(self, mirror: Mirror, strict: bool) -> None:
        self._mirror = mirror
        self._strict = strict
        self._once = Once(_log)

    def check(self, operations: Sequence[Operation]) -> None:
        """Raises InvalidRecord for an object that would be the first of a namespace that may not be."""
        counts = self._mirror.catalog.inventory.counts
        new = {each.key[0]: index for index, each in enumerate(operations) if isinstance(each, Put)}
        for namespace, index in new.items():
            if namespace in counts:
                continue
            pointer = f"/operations/{index}/namespace" if len(operations) > 1 else "/namespace"
            if namespace in APEX:
                raise _refused(namespace, "stands at the zone's apex", pointer)
            if is_top_level(namespace):
                if self._strict:
                    raise _refused(namespace, "is a top-level domain (strict_namespaces)", pointer)
                self._once.warning(
                    namespace,
                    "namespace %r is named like a top-level domain: with a search list of svc.ZONE its services catch "
                    "the names of that domain; strict_namespaces = true refuses such",
                    namespace,
                )


def is_top_level(label: str) -> bool:
    """True for a top-level domain: of the root zone, with two letters (a country's, today or tomorrow), or special."""
    return (len(label) == 2 and label.isalpha()) or label in _SPECIAL or label in _top_level()


@cache
def _top_level() -> frozenset[str]:
    text = (resources.files("dnsd.admin") / "top-level-domains.txt").read_text("ascii")
    return frozenset(line for line in text.split() if not line.startswith("#"))


def _refused(namespace: str, why: str, pointer: str) -> InvalidRecord:
    return InvalidRecord(Fault(pointer, f"{namespace!r} {why}; its services would catch names of others"))
