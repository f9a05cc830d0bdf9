"""What all who answer are told beside the table: staleness, the cookie secret. And what they counted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from dnsd.model.errors import StoreUnavailable
from dnsd.registry.intake import Audience
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import Counts, add
from dnsd.store.redis import Store

if TYPE_CHECKING:
    from dnsd.app.encrypted import Encrypted
    from dnsd.runtime.metrics import DnsCollector

SECRET_RETRY_SECONDS = 1.0
SECRET_AGAIN_SECONDS = 60.0
STALE_LOOK_SECONDS = 1.0


class DnsFeed(Audience, Protocol):
    """The way to the responders: a feed to other processes, or to this one."""

    def set_terms(self, terms: Mapping[str, object]) -> None:
        """Give all responders these terms, now and after their restart."""

    async def counts(self) -> Counts:
        """What all responders counted."""


class SharedTerms:
    """The same terms for the responders behind ``feed`` and for the encrypted doors, where there are any.

    ``stale_seconds``: the store may be away for so long before answers say so.
    """

    def __init__(
        self,
        feed: DnsFeed,
        encrypted: Encrypted | None,
        mirror: Mirror,
        store: Store,
        clock: Clock,
        *,
        stale_seconds: float,
    ) -> None:
        self._feed = feed
        self._encrypted = encrypted
        self._mirror = mirror
        self._store = store
        self._clock = clock
        self._stale_seconds = stale_seconds

    @cached_property
    def dns_counts(self) -> DnsCollector:
        """What all of them counted together, as metrics; whose import waits for the first answers."""
        from dnsd.runtime.metrics import DnsCollector

        return DnsCollector()

    async def follow_staleness(self) -> None:
        """For ever: let answers say so while the store has been away for too long."""
        while True:
            status = self._mirror.status()
            self._set({"is_stale": status.loaded and status.age_seconds > self._stale_seconds})
            await self._clock.sleep(STALE_LOOK_SECONDS)

    async def follow_cookie_secret(self) -> None:
        """For ever: give them the secret that all replicas share; until then, theirs is the parent's."""
        while True:
            try:
                self._set({"cookie_secret": await self._store.cookie_secret()})
            except StoreUnavailable:
                await self._clock.sleep(SECRET_RETRY_SECONDS)
            else:
                await self._clock.sleep(SECRET_AGAIN_SECONDS)

    async def refresh_counts(self) -> None:
        """Ask them what they counted, and show it in ``dns_counts``."""
        counts = await self._feed.counts()
        if self._encrypted is not None:
            add(counts, self._encrypted.counts())
        self.dns_counts.show(counts)

    def _set(self, terms: Mapping[str, object]) -> None:
        self._feed.set_terms(terms)
        if self._encrypted is not None:
            self._encrypted.set_terms(terms)
