"""What every test may ask for."""

import asyncio

import pytest

pytest_plugins = ["tests.servers"]


class HandClock:
    """A clock that a test turns by hand: time passes only in ``advance``."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return 1_700_000_000.0 + self._now

    async def sleep(self, seconds: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, waiting))
        await waiting

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass and wake whoever slept until then."""
        self._now += seconds
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._now]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now]
        for _, waiting in sorted(due, key=lambda sleeper: sleeper[0]):
            if not waiting.done():
                waiting.set_result(None)


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out unless they are asked for: ``pytest -m long``."""
    if "long" not in (config.option.markexpr or ""):
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
