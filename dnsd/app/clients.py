"""What the settings say of DNS clients, as values: who may ask, whose single labels are services, how often."""

from __future__ import annotations

from dnsd.answer.access import Access
from dnsd.answer.policy import Policy
from dnsd.answer.short import ShortNames
from dnsd.app.forwarding import routes_of
from dnsd.app.secondaries import allowed_of
from dnsd.config import Settings
from dnsd.model.names import name_from_text
from dnsd.server.limiter import Rate


def access_of(settings: Settings) -> Access:
    """Who may ask. Secondaries need no rule of their own."""
    secondaries = tuple(map(str, allowed_of(settings).networks)) if settings.answer_to else ()
    return Access((*secondaries, *settings.answer_to), settings.forward_for)


def short_names_of(settings: Settings) -> ShortNames | None:
    """Whose single labels are services of which namespace; None when nobody's are."""
    if not settings.short_names:
        return None
    pairs = (text.split() for text in settings.short_names)
    return ShortNames(name_from_text(settings.zone[0]), ((network, namespace) for network, namespace in pairs))


def policy_of(settings: Settings) -> Policy:
    """What clients are told by, for who explains it."""
    routes = routes_of(settings)
    forwarding = routes.reverse() if routes.all() else None
    return Policy(settings.udp_payload, access_of(settings), short_names_of(settings), forwarding)


def rate_of(settings: Settings) -> Rate | None:
    """The limit of replies over UDP; None when there is none."""
    if not settings.rate_limit:
        return None
    return Rate(settings.rate_limit, settings.rate_limit_slip, settings.rate_limit_exempt)
