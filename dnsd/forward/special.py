"""Names that no upstream ever hears of: special-use domains, reverse zones of addresses that mean nothing outside.

Invariant: what stands here is answered at once, without a packet.
"""

from __future__ import annotations

import socket

from dnsd.authority.reverse import nearest_origin, zones_of
from dnsd.forward.routes import Routes
from dnsd.model import rdata
from dnsd.model.message import Rcode, Record, Resolved, RRType, Wanted
from dnsd.model.names import ROOT, Name, is_at_or_below, name_from_text, reverse_name

LOCALHOST = name_from_text("localhost")
NEVER_SENT = frozenset(map(name_from_text, ("invalid", "onion", "alt")))
"""Without exception: RFC 6761 6.4, RFC 7686 2, RFC 9476 3."""
ONLY_WHEN_NAMED = frozenset(map(name_from_text, ("test", "local", "home.arpa", "resolver.arpa")))
"""Unless an upstream is named for them: RFC 6761 6.2, RFC 6762 22.1, RFC 8375 4, RFC 9462 8.2."""
LOCAL_RANGES = (
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "255.255.255.255/32", "100.64.0.0/10"),
    *("::/128", "::1/128", "fc00::/7", "fe80::/10", "2001:db8::/32"),
)
"""RFC 6303 4, RFC 7793, and all of fc00::/7 (RFC 4193)."""
LOCAL_REVERSE = frozenset(origin for network in LOCAL_RANGES for origin in zones_of(network))
_ADDRESSES = {RRType.A: socket.inet_aton("127.0.0.1"), RRType.AAAA: socket.inet_pton(socket.AF_INET6, "::1")}
_LOOPBACK = frozenset(map(reverse_name, ("127.0.0.1", "::1")))
_TTL = 10_800
"""Of the empty zones of RFC 6303 3."""


def local_answer(wanted: Wanted, routes: Routes) -> Resolved | None:
    """What is to say of a name that is never sent up; None when an upstream may be asked."""
    owner, rtype = wanted.owner, int.from_bytes(wanted.key[:2])
    if is_at_or_below(owner, LOCALHOST):
        return _localhost(owner, rtype)
    zone = nearest_origin(owner, NEVER_SENT)
    if zone is None:
        zone = nearest_origin(owner, ONLY_WHEN_NAMED) or nearest_origin(owner, LOCAL_REVERSE)
        if zone is None or routes.domain_of(owner) not in (None, ROOT):
            return None
    if owner in _LOOPBACK and rtype == RRType.PTR:
        return Resolved(Rcode.NOERROR, (Record(owner, RRType.PTR, _TTL, LOCALHOST),))
    return _denied(zone, Rcode.NOERROR if owner == zone else Rcode.NXDOMAIN)


def _localhost(owner: Name, rtype: int) -> Resolved:
    """The loopback address, whatever is below ``localhost.`` (RFC 6761 6.3)."""
    for known, octets in _ADDRESSES.items():
        if rtype in (known, RRType.ANY):
            return Resolved(Rcode.NOERROR, (Record(owner, known, _TTL, octets),))
    return _denied(LOCALHOST, Rcode.NOERROR)


def _denied(zone: Name, rcode: Rcode) -> Resolved:
    """No, in the name of an empty zone (RFC 6303 3)."""
    soa = rdata.Soa(zone, name_from_text("nobody.invalid"), 1, 3600, 1200, 604_800, _TTL).packed()
    return Resolved(rcode, (), (Record(zone, RRType.SOA, _TTL, soa),))
