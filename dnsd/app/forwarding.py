"""What the settings say of forwarding, as values: who is asked for what, and the forwarder itself."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.authority.reverse import zones_of
from dnsd.config import Settings
from dnsd.forward.routes import Routes
from dnsd.forward.tls import tls_context
from dnsd.forward.upstream import Upstream, nameservers_of, parse_upstream
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import ROOT, Name, name_from_text
from dnsd.runtime.clock import Clock

if TYPE_CHECKING:
    from dnsd.forward.forwarder import Forwarder


def check_forwarding(settings: Settings) -> None:
    """Raises InvalidSetting when an upstream would be ourselves, a file cannot be read, or none is left."""
    routes = routes_of(settings)
    for upstream in routes.all():
        if is_us(upstream, settings):
            raise InvalidSetting(f"forward: {upstream} is where this dnsd listens: it would ask itself for ever")
    _context_of(settings, routes)


def forwarder_of(settings: Settings, clock: Clock) -> Forwarder | None:
    """The forwarder that these settings ask for; None when nothing is forwarded."""
    routes = routes_of(settings)
    if not routes.all():
        return None
    from dnsd.forward.cache import Cache  # for those who forward: the start of all others is as much shorter
    from dnsd.forward.exchange import Exchange
    from dnsd.forward.failures import Failures
    from dnsd.forward.flights import Flights
    from dnsd.forward.forwarder import Forwarder
    from dnsd.forward.health import Health
    from dnsd.forward.tries import Tries

    health = Health(clock)
    exchange = Exchange(health, clock, settings.forward_mix_case, _context_of(settings, routes))
    cache = Cache(settings.forward_cache_octets, settings.forward_stale_seconds, clock)
    flights = Flights(settings.forward_in_flight)
    return Forwarder(routes, exchange, Tries(exchange, health), cache, Failures(clock), flights)


def routes_of(settings: Settings) -> Routes:
    """Who is asked for which names. Raises InvalidSetting."""
    upstreams: dict[Name, list[Upstream]] = {}
    for text in settings.forward:
        upstreams.setdefault(ROOT, []).extend(_named(text, settings))
    for text in settings.forward_domain:
        domain, _, upstream = text.partition("=")
        for name in zones_of(domain) if "/" in domain else [name_from_text(domain)]:
            upstreams.setdefault(name, []).append(parse_upstream(upstream))
    return Routes({domain: tuple(dict.fromkeys(those)) for domain, those in upstreams.items()})


def is_us(upstream: Upstream, settings: Settings) -> bool:
    """True when a question sent there would come in at one of our own doors."""
    here = [address for address in settings.dns if address.port == upstream.port]
    if any(ip_address(address.host) == ip_address(upstream.host) for address in here):
        return True
    return any(address.is_wildcard for address in here) and _is_of_this_host(upstream.host)


def _named(text: str, settings: Settings) -> list[Upstream]:
    """The upstream, or those of a resolv.conf, in which our own address may stand, too: the host asks us."""
    if not text.startswith("/"):
        return [parse_upstream(text)]
    try:
        found = nameservers_of(Path(text).read_text("utf-8", "replace"))
    except OSError as fault:
        raise InvalidSetting(f"forward: {text!r} cannot be read: {fault.strerror}") from None
    others = [upstream for upstream in found if not is_us(upstream, settings)]
    if not others:
        why = "names nobody but this dnsd itself" if found else "names no nameserver"
        raise InvalidSetting(f"forward: {text!r} {why}: give the address of a resolver")
    return others


def _is_of_this_host(host: str) -> bool:
    """True for an address that a socket of ours can have."""
    if ip_address(host).is_loopback:
        return True
    with (
        suppress(OSError),
        socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as door,
    ):
        door.bind((host, 0))
        return True
    return False


def _context_of(settings: Settings, routes: Routes) -> ssl.SSLContext | None:
    if not any(upstream.is_tls for upstream in routes.all()):
        return None
    try:
        return tls_context(settings.forward_ca_file)
    except OSError as fault:
        raise InvalidSetting(f"forward_ca_file: {settings.forward_ca_file!r} cannot be used: {fault}") from None
