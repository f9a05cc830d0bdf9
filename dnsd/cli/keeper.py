"""Keeps one registration alive: registers, renews, registers again when it was lost, and takes it back at the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine

from dnsd.cli.backoff import PAUSE_SECONDS_MOST, Backoff
from dnsd.cli.client import Client, Refused, Reply, Unreachable
from dnsd.cli.failures import CommandFailed
from dnsd.cli.registration import Registration
from dnsd.model.lease import renew_every_seconds
from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks

JITTER = 0.2
"""Renewals come at a third of the lease, this share earlier or later, so that a herd spreads out."""
NOT_REGISTERED, REMOVED = 404, 410


class Keeper:
    """The registration of one endpoint. ``say`` takes lines for people.

    ``is_registered``: a server has it, as far as we know. ``is_removed``: somebody deregistered it on purpose, so it is
    not registered again.
    """

    def __init__(
        self,
        client: Client,
        registration: Registration,
        clock: Clock,
        say: Callable[[str], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.is_registered = False
        self.is_removed = False
        self._client = client
        self._registration = registration
        self._lease_seconds = registration.endpoint.lease_seconds or 0
        self._clock = clock
        self._say = say
        self._chance = chance
        self._backoff = Backoff(chance, min(PAUSE_SECONDS_MOST, float(self._lease_seconds)))
        self._is_in_trouble = False
        self._tasks = Tasks("keeper")
        self._put: asyncio.Task[CommandFailed | None] | None = None

    async def keep(self) -> None:
        """Register and renew until it is removed by somebody else, or cancelled. Permanent ones are only registered."""
        while not self.is_removed:
            try:
                if self.is_registered:
                    await self._renew()
                else:
                    await self._register()
            except CommandFailed as failure:
                await self._bear(failure)
            else:
                self._recover()
                if self.is_removed or not self._lease_seconds:
                    return
                await self._clock.sleep(self._pause_seconds())

    async def leave(self) -> None:
        """Take the registration back, if there can be one. Failures are said; the lease ends by itself then.

        Call it after ``keep`` has ended or was cancelled. A PUT that is under way is waited for, because it might
        overtake the DELETE.
        """
        if self._put is None or self.is_removed:
            return
        await self._put
        try:
            await self._client.call("DELETE", self._registration.path)
        except Refused as refusal:
            if refusal.code not in (NOT_REGISTERED, REMOVED):
                self._say(f"cannot deregister {self._registration.title}: {refusal}")
        except Unreachable as trouble:
            ends = f"its lease ends within {self._lease_seconds} s" if self._lease_seconds else "it stays"
            self._say(f"cannot deregister {self._registration.title}: {trouble}; {ends}")
        else:
            self._say(f"deregistered {self._registration.title}")
        self.is_registered = False

    async def _register(self) -> None:
        path, body = self._registration.path, self._registration.body
        self._put = self._tasks.start("register", _attempt(self._client.call("PUT", path, body=body)))
        failure = await asyncio.shield(self._put)
        if failure is not None:
            raise failure
        self.is_registered = True
        if not self._is_in_trouble:
            self._say(f"registered {self._registration.title}")

    async def _renew(self) -> None:
        try:
            await self._client.call("POST", f"{self._registration.path}/renew")
        except Refused as refusal:
            if refusal.code == NOT_REGISTERED:
                self._say(f"{self._registration.title} is not registered any more; registering again")
                self.is_registered = False
                await self._register()
            elif refusal.code == REMOVED:
                self._say(f"{self._registration.title} was deregistered by somebody; it is not registered again")
                self.is_registered, self.is_removed = False, True
            else:
                raise

    async def _bear(self, failure: CommandFailed) -> None:
        """Say it once, and pause: as long as the server wants, else by the back-off."""
        if not self._is_in_trouble:
            what = "renew" if self.is_registered else "register"
            self._say(f"cannot {what} {self._registration.title}: {failure}; trying again")
        self._is_in_trouble = True
        wanted = failure.retry_after_seconds if isinstance(failure, Refused) else None
        await self._clock.sleep(self._backoff.next_seconds() + (wanted or 0.0))

    def _recover(self) -> None:
        if self._is_in_trouble and self.is_registered:
            self._say(f"{self._registration.title} is registered, all is well again")
        self._is_in_trouble = False
        self._backoff.reset()

    def _pause_seconds(self) -> float:
        spread = 1 - JITTER + 2 * JITTER * self._chance()
        return renew_every_seconds(self._lease_seconds) * spread


async def _attempt(call: Coroutine[None, None, Reply]) -> CommandFailed | None:
    """What went wrong with a call; a value, because a task that fails would be logged as a fault of ours."""
    try:
        await call
    except CommandFailed as failure:
        return failure
    return None
