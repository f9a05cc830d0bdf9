"""The service manager's protocol, sd_notify(3): datagrams of ``KEY=value`` lines to the socket it named."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from contextlib import suppress

_log = logging.getLogger("dnsd.notify")


class Notifier:
    """Tells the service manager how we are; without one (``address`` empty) it is silent.

    ``address``: ``$NOTIFY_SOCKET``, a path, or ``@name`` in the abstract name space.
    """

    def __init__(self, address: str = "") -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._is_told = False

    def ready(self, status: str) -> None:
        """We serve."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self, monotonic_seconds: float) -> None:
        """We read settings and files again; :meth:`ready` follows."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic_seconds * 1_000_000)}")

    def stopping(self, status: str) -> None:
        """We are on our way out."""
        self._send("STOPPING=1", f"STATUS={status}")

    def watchdog(self) -> None:
        """We are well."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
            door.setblocking(False)  # a service manager that does not listen must not hold us
            try:
                door.sendto("\n".join(lines).encode(), self._address)
            except OSError as fault:
                if not self._is_told:
                    _log.warning("the service manager cannot be told: %s", fault)
                self._is_told = True


def watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    """How often the service manager wants to hear that we are well, at the latest; None when it does not."""
    with suppress(ValueError):
        if int(environ.get("WATCHDOG_PID") or pid) == pid:
            microseconds = int(environ.get("WATCHDOG_USEC") or 0)
            return microseconds / 1_000_000 if microseconds > 0 else None
    return None
