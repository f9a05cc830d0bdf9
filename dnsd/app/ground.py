"""What stands before any part of a replica: its sockets, and its store when that is our own."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress

from dnsd.app.doors import Doors, open_doors
from dnsd.config import Settings
from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import Clock
from dnsd.store.embedded import EmbeddedStore

_COOKIE_SECRET_OCTETS = 16
_STORE_FOLDER = "store"
_STORE_SECONDS = 1.0


class Ground:
    """Doors and store of one replica; ``environ`` tells where a store's socket may be and where programs are."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], clock: Clock) -> None:
        self.store_url = settings.redis or ""
        self.cookie_secret = secrets.token_bytes(_COOKIE_SECRET_OCTETS)  # until the store tells the shared one
        self._settings = settings
        self._environ = environ
        self._clock = clock
        self._doors: Doors | None = None
        self._store: EmbeddedStore | None = None

    @property
    def doors(self) -> Doors:
        """The sockets, once :meth:`prepare` has opened them."""
        assert self._doors is not None
        return self._doors

    async def prepare(self) -> None:
        """Open every socket, then start the store. Raises InvalidSetting, StoreUnavailable."""
        self._doors = open_doors(self._settings)
        if self._settings.redis is None:
            store = self._embedded_store()
            await store.start()
            self._store = store
            self.store_url = store.url
            # Nearly always it is ready at once. One that has much to load is not waited for, nor is its fault, if any.
            with suppress(TimeoutError):
                await asyncio.wait_for(store.ready(), _STORE_SECONDS)

    async def fault(self) -> StoreUnavailable:
        """Wait until the store turns out not to start at all (one that ran once is started again for ever)."""
        if self._store is not None:
            try:
                await self._store.ready()
            except StoreUnavailable as fault:
                return fault
        never: asyncio.Future[StoreUnavailable] = asyncio.get_running_loop().create_future()
        return await never

    async def give_back(self) -> None:
        """End the store, close the sockets."""
        if self._store is not None:
            await self._store.stop()
        if self._doors is not None:
            self._doors.close()

    def _embedded_store(self) -> EmbeddedStore:
        named = (self._environ.get("RUNTIME_DIRECTORY", "").partition(":")[0], self._environ.get("XDG_RUNTIME_DIR"))
        bases = [*filter(None, named), tempfile.gettempdir()]
        folder = os.path.join(self._settings.state_dir, _STORE_FOLDER)
        return EmbeddedStore(folder, bases, self._clock, self._environ.get("PATH"))
