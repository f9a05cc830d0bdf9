import logging
import os

import pytest

from dnsd.app import serve
from dnsd.config import load


@pytest.fixture
def lives(monkeypatch):
    """What would have lived, instead of its life."""
    made = []

    class Life:
        def __init__(self, *parts):
            made.append(parts)

        async def run(self):
            return 7

    monkeypatch.setattr(serve, "Life", Life)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield made
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize(("workers", "kind"), [("0", "Solo"), ("1", "Parent"), ("2", "Parent")])
def test_a_replica_of_one_or_of_several_processes_lives(lives, workers, kind):
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    settings = load({"workers": workers, "log_level": "error"}, {})
    assert serve.serve(settings, environ, print) == 7
    ((replica, given, _, notifier, watchdog_seconds, show),) = lives
    assert type(replica).__name__ == kind
    assert (given, watchdog_seconds, show) == (settings, 30.0, print)
    assert notifier._address == "/run/notify"
    assert logging.getLogger().level == logging.ERROR
