"""What the registry has to say beside an answer, for the person who asks: why a service is empty or not whole.

Texts are made when a change comes, never for a query. Invariant: only services with something to say have an entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from sys import intern

from dnsd.authority.schema import answered, are_well, published_ports, withheld
from dnsd.model.names import Name
from dnsd.model.service import Endpoint, Service

PORTS_OCTETS_MOST = 70
"""Of the list of a service's ports; with the port that was asked for, a text stays below 160 octets (RFC 8914)."""
_CAUSES = {"not-ready": "not ready", "weight-0": "weight 0"}

Said = tuple[Name, str, str]
"""The name of a service or of its port, why it is not whole ("": it is), and its named ports ("": it has none)."""


class Words:
    """``reasons``: why a service is not whole, by its name and by those of its ports; ``ports``: its named ports."""

    __slots__ = ("_changed", "ports", "reasons")

    def __init__(self) -> None:
        self.reasons: dict[Name, str] = {}
        self.ports: dict[Name, str] = {}
        self._changed: dict[Name, Said] = {}

    def put(self, owner: Name, reason: str, ports: str) -> None:
        """Let this be said of a service; nothing of it when both are empty."""
        is_news = False
        for texts, text in ((self.reasons, reason), (self.ports, ports)):
            if texts.get(owner, "") == text:
                continue
            is_news = True
            if text:
                texts[owner] = intern(text)  # many services have the same to say
            else:
                del texts[owner]
        if is_news:
            self._changed[owner] = owner, reason, ports

    def take(self, said: Iterable[Said]) -> None:
        """Let all this be said: what another process put."""
        for owner, reason, ports in said:
            self.put(owner, reason, ports)
        self._changed.clear()

    def drain_changes(self) -> list[Said]:
        """What changed since the last call."""
        changed, self._changed = list(self._changed.values()), {}
        return changed

    def all(self) -> Iterator[Said]:
        """Everything that is said now."""
        owners = dict.fromkeys(chain(list(self.reasons), list(self.ports)))
        return ((owner, self.reasons.get(owner, ""), self.ports.get(owner, "")) for owner in owners)


def words_of(service: Service, known: Mapping[str, Endpoint], published: Collection[Endpoint]) -> tuple[str, str]:
    """Why the answers of this service are not whole, and its named ports; ``published`` as the catalog says."""
    if service.external_name is not None:
        return "", ""
    ports = _ports_text(service, known.values() or published)
    return ("" if service.cluster_ips else _reason(service, known, published)), ports


def _reason(service: Service, known: Mapping[str, Endpoint], published: Collection[Endpoint]) -> str:
    if known and are_well(known.values()):
        return ""
    given = {each.id for each in answered(service, list(published))}
    out = [each for each in known.values() if each.id not in given or withheld(service, each)]
    if not known:
        text = "service has no endpoints"
    elif service.health is not None and given and all(each in known and known[each].failing for each in given):
        return "all endpoints fail their health check, so that counts for nothing"
    elif out:
        text = f"{len(out)} of {len(known)} endpoints left out: {_causes(service, out)}"
    else:
        return ""
    is_kept = given and len(out) == len(known)
    return f"{text}; answered with those known last" if is_kept else text


def _causes(service: Service, out: Iterable[Endpoint]) -> str:
    counts = Counter(_cause(service, each) for each in out)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {cause}" for cause, count in counts.items())


def _cause(service: Service, endpoint: Endpoint) -> str:
    reason = withheld(service, endpoint)
    if reason is not None:
        return _CAUSES[reason]
    return "draining" if endpoint.draining else "failing their health check"


def _ports_text(service: Service, endpoints: Iterable[Endpoint]) -> str:
    names = [port_text(port.name, port.protocol) for port in published_ports(service, endpoints) if port.name]
    text = ", ".join(names)
    while len(text) > PORTS_OCTETS_MOST and len(names) > 1:
        names.pop()
        text = ", ".join((*names, "…"))
    return text


def port_text(name: str, protocol: str) -> str:
    """A port as people write it: its protocol only when it is not TCP."""
    return name if protocol.upper() == "TCP" else f"{name}/{protocol.lower()}"
