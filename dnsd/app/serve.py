"""One replica from its settings: in one process or in several, until it is told to leave."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping

from dnsd.app.access import check_access
from dnsd.app.certificates import check_encrypted
from dnsd.app.forwarding import check_forwarding
from dnsd.app.ground import Ground
from dnsd.app.life import Life, Replica
from dnsd.app.parent import Parent
from dnsd.app.secondaries import check_secondaries
from dnsd.config import Settings
from dnsd.runtime import log
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.notify import Notifier, watchdog_seconds


def serve(settings: Settings, environ: Mapping[str, str], show: Callable[[str], None]) -> int:
    """Serve until a signal; returns the exit status, ``show`` gets the ready line.

    Raises InvalidSetting, StoreUnavailable and Fatal, each with one line for people.
    """
    log.set_up(settings.log_level, settings.log_format)
    check_settings(settings)
    return asyncio.run(_live(settings, environ, show))


def check_settings(settings: Settings) -> None:
    """Look at what only a start would find: files that settings name, and what does not go together. Binds
    and connects nothing.

    Raises InvalidSetting.
    """
    check_secondaries(settings)
    check_forwarding(settings)
    check_access(settings)
    check_encrypted(settings)


async def _live(settings: Settings, environ: Mapping[str, str], show: Callable[[str], None]) -> int:
    clock = SystemClock()
    notifier = Notifier(environ.get("NOTIFY_SOCKET", ""))
    replica = _replica(settings, Ground(settings, environ, clock), clock)
    return await Life(replica, settings, clock, notifier, watchdog_seconds(environ, os.getpid()), show).run()


def _replica(settings: Settings, ground: Ground, clock: SystemClock) -> Replica:
    if settings.workers:
        return Parent(settings, ground, clock)
    from dnsd.app.solo import Solo  # HTTP and Redis: nothing for a parent

    return Solo(settings, ground, clock)
