"""What somebody may do: verbs on services whose names match, with addresses of some ranges. The rules of permission.

Invariant: nothing is allowed that no grant names; a grant never takes anything away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal, get_args

from dnsd.model.errors import Fault, InvalidRecord

Verb = Literal["read", "register", "drain", "delete", "admin"]

VERBS: tuple[Verb, ...] = get_args(Verb)
ANY = "*"
PATTERN = r"[a-z0-9*]([-a-z0-9*]{0,62}[a-z0-9*])?"
_PATTERN = re.compile(PATTERN)
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Grant:
    """``verbs`` on the services that the patterns match; in a pattern ``*`` stands for any run of characters.

    ``networks``: what may be registered, as canonical CIDR text; None: every address but loopback, which is granted
    only by a network within loopback. ``admin`` is about the registry as a whole, so it needs both patterns ``*``.
    Raises InvalidRecord.
    """

    verbs: tuple[Verb, ...]
    namespace: str = ANY
    service: str = ANY
    networks: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        faults = tuple(_faults(self))
        if faults:
            raise InvalidRecord(*faults)

    @property
    def is_whole(self) -> bool:
        """True when it is about every service of every namespace."""
        return self.namespace == self.service == ANY

    def covers(self, verb: Verb, namespace: str, service: str) -> bool:
        """True when it allows this verb on this service."""
        return verb in self.verbs and _matches(self.namespace, namespace) and _matches(self.service, service)

    def takes(self, address: str) -> bool:
        """True when it allows this address, in canonical text, to be registered; loopback only by its name."""
        found = ip_address(address)
        if self.networks is None:
            return not found.is_loopback
        networks = [_network(text) for text in self.networks]
        return any(found in each for each in networks if not found.is_loopback or _is_loopback(each))


def may(grants: Iterable[Grant], verb: Verb, namespace: str, service: str) -> bool:
    """True when one of the grants allows it."""
    return any(grant.covers(verb, namespace, service) for grant in grants)


def may_all(grants: Iterable[Grant], verb: Verb) -> bool:
    """True when one of the grants allows it on everything there is and will be."""
    return any(grant.is_whole and verb in grant.verbs for grant in grants)


def may_some(grants: Iterable[Grant], verb: Verb) -> bool:
    """True when one of the grants allows it on something."""
    return any(verb in grant.verbs for grant in grants)


def refused_address(grants: Iterable[Grant], key: tuple[str, str], addresses: Iterable[str]) -> str | None:
    """The first of the addresses that no grant lets be registered in this service; None when all may be."""
    useful = [grant for grant in grants if grant.covers("register", *key)]
    return next((text for text in addresses if not any(grant.takes(text) for grant in useful)), None)


def is_unbound(grants: Iterable[Grant], key: tuple[str, str]) -> bool:
    """True when any address may be registered in this service: then a name may point anywhere, too."""
    return any(grant.networks is None and grant.covers("register", *key) for grant in grants)


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Where a part was found first it stays found (an atomic group), so many stars cost no more than one."""
    first, *parts = (re.escape(part) for part in pattern.split(ANY))
    if not parts:
        return re.compile(first)
    between = "".join(f"(?>.*?{part})" for part in parts[:-1])
    return re.compile(f"{first}{between}.*{parts[-1]}", re.DOTALL)


def _matches(pattern: str, name: str) -> bool:
    return pattern == ANY or _compiled(pattern).fullmatch(name) is not None


@lru_cache(1024)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)


def _is_loopback(network: IPv4Network | IPv6Network) -> bool:
    return any(network.version == own.version and network.subnet_of(own) for own in _LOOPBACK)  # type: ignore[arg-type]


def _faults(grant: Grant) -> Iterable[Fault]:
    if not grant.verbs:
        yield Fault("/verbs", f"name at least one of {', '.join(VERBS)}")
    for index, verb in enumerate(grant.verbs):
        if verb not in VERBS:
            yield Fault(f"/verbs/{index}", f"{verb!r:.100} is none of {', '.join(VERBS)}")
    for field in ("namespace", "service"):
        pattern = getattr(grant, field)
        if not _PATTERN.fullmatch(pattern):
            yield Fault(f"/{field}", f"{pattern!r:.100} is not a label (a-z 0-9 -) with * for any run of characters")
    if "admin" in grant.verbs and not grant.is_whole:
        yield Fault("/verbs", "admin is about the whole registry: it goes with namespace * and service *")
    for index, text in enumerate(grant.networks or ()):
        try:
            canonical = str(ip_network(text))
        except ValueError:
            canonical = ""
        if canonical != text:
            yield Fault(f"/addresses/{index}", f"{text!r:.100} is not a network like 10.0.0.0/8 or fd00::/8")
    if grant.networks == ():
        yield Fault("/addresses", "is empty; leave it out for any address")


EVERYTHING = (Grant(VERBS),)
"""What whoever needs no permission may do; of addresses, what ``Grant.takes`` says."""
