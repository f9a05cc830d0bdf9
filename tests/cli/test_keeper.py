"""A registration kept alive, through lost leases, failing servers and deletions on purpose."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from waiting import eventually

from dnsd.cli.client import Client
from dnsd.cli.keeper import Keeper
from dnsd.cli.options import Connection
from dnsd.cli.registration import Registration
from dnsd.model.service import Endpoint

PATH = "/v1/namespaces/default/services/web/endpoints/web-1"
PUT, RENEW, DELETE = ("PUT", PATH, {"weight": 1}), ("POST", f"{PATH}/renew", None), ("DELETE", PATH, None)
MADE = (201, {"outcome": "created"})
RENEWED = (200, {"stored": True})
LOST = (404, {"type": "/problems/register-again", "title": "Not registered"})
REMOVED = (410, {"type": "/problems/gone", "title": "Deleted"})
AWAY = (503, {"title": "The store is away"})


def registration(lease_seconds: int | None) -> Registration:
    endpoint = Endpoint("default", "web", "web-1", ("192.0.2.1",), lease_seconds=lease_seconds)
    return Registration(PATH, {"weight": 1}, endpoint)


class Stage:
    """A keeper at work against a scripted server, on a clock that is turned by hand."""

    def __init__(self, server, clock, keeper: Keeper, said: list[str]) -> None:
        self.server, self.clock, self.keeper, self.said = server, clock, keeper, said
        self.task = asyncio.create_task(keeper.keep())

    async def until_asleep(self) -> None:
        """Come back when the keeper waits for its clock."""
        await eventually(lambda: self.clock._sleepers)

    async def after(self, seconds: float) -> None:
        """Let so many seconds pass, and the keeper do what is due."""
        await self.until_asleep()
        self.clock.advance(seconds)
        if not self.clock._sleepers:
            await asyncio.sleep(0)

    @property
    def calls(self) -> list[tuple[str, str, object]]:
        return list(self.server.calls)


@pytest.fixture
def stage(scripted: Callable[[], Awaitable[object]], hand_clock) -> Callable[..., object]:
    @asynccontextmanager
    async def start(*answers, lease_seconds: int | None = 15, chance: float = 0.5) -> AsyncIterator[Stage]:
        server = await scripted()
        server.answers = list(answers)
        said: list[str] = []
        async with Client(Connection((server.url,))) as client:
            keeper = Keeper(client, registration(lease_seconds), hand_clock, said.append, lambda: chance)
            made = Stage(server, hand_clock, keeper, said)
            yield made
            made.task.cancel()
            await asyncio.gather(made.task, return_exceptions=True)

    return start


async def test_it_registers_and_renews_at_a_third_of_the_lease(stage):
    async with stage(MADE, RENEWED) as on:
        await on.until_asleep()
        assert on.calls == [PUT]
        assert on.keeper.is_registered
        await on.after(4.9)
        assert on.calls == [PUT]
        await on.after(0.1)
        await on.server.came(2)
        assert on.calls == [PUT, RENEW]
        assert on.said == ["registered default/web/web-1"]


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 4.0), (1.0, 6.0)])
async def test_renewals_come_a_fifth_earlier_or_later(stage, chance, seconds):
    async with stage(MADE, RENEWED, chance=chance) as on:
        await on.after(seconds - 0.01)
        assert on.calls == [PUT]
        await on.after(0.01)
        await on.server.came(2)
        assert on.calls == [PUT, RENEW]


async def test_a_permanent_one_is_registered_once(stage):
    async with stage(MADE, lease_seconds=None) as on:
        await on.task
        assert on.calls == [PUT]


async def test_what_was_lost_is_registered_again(stage):
    async with stage(MADE, LOST, MADE, RENEWED) as on:
        await on.after(5)
        await on.server.came(3)
        await on.until_asleep()
        assert on.calls == [PUT, RENEW, PUT]
        assert on.keeper.is_registered
        assert "registering again" in on.said[1]


async def test_what_was_deleted_on_purpose_stays_so(stage):
    async with stage(MADE, REMOVED) as on:
        await on.after(5)
        await on.task
        assert (on.keeper.is_removed, on.keeper.is_registered) == (True, False)
        assert "it is not registered again" in on.said[1]
        await on.keeper.leave()
        assert on.calls == [PUT, RENEW]


async def test_a_failing_server_is_asked_again_with_growing_pauses_and_said_once(stage):
    async with stage(AWAY, AWAY, AWAY, MADE, chance=1.0) as on:
        for pause, calls in ((1.0, 1), (2.0, 2), (4.0, 3)):
            await on.server.came(calls)
            await on.after(pause - 0.01)
            assert len(on.calls) == calls
            await on.after(0.01)
        await on.server.came(4)
        await on.until_asleep()
        assert on.calls == [PUT] * 4
        assert len(on.said) == 2
        assert on.said[0].startswith("cannot register default/web/web-1: ")
        assert on.said[1] == "default/web/web-1 is registered, all is well again"


async def test_a_failing_renewal_does_not_register_anew(stage):
    async with stage(MADE, AWAY, RENEWED, chance=0.5) as on:
        await on.after(5)
        await on.server.came(2)
        await on.after(0.75)
        await on.server.came(3)
        await on.until_asleep()
        assert on.calls == [PUT, RENEW, RENEW]
        assert [line.split(":")[0] for line in on.said[1:]] == [
            "cannot renew default/web/web-1",
            "default/web/web-1 is registered, all is well again",
        ]


async def test_a_crowded_server_says_how_long_to_wait(stage):
    async with stage((429, {"title": "Too many"}, {"Retry-After": "7"}), MADE, chance=0.0) as on:
        await on.server.came(1)
        await on.after(7.4)
        assert on.calls == [PUT]
        await on.after(0.1)
        await on.server.came(2)
        assert on.calls == [PUT, PUT]


async def test_leaving_takes_the_registration_back(stage):
    async with stage(MADE, (200, {})) as on:
        await on.until_asleep()
        on.task.cancel()
        await on.keeper.leave()
        assert on.calls == [PUT, DELETE]
        assert on.said[-1] == "deregistered default/web/web-1"


async def test_leaving_before_the_first_try_calls_nobody(stage):
    async with stage(MADE) as on:
        on.task.cancel()
        await on.keeper.leave()
        assert on.calls == []


async def test_leaving_while_the_put_is_under_way_waits_for_it(stage, monkeypatch):
    monkeypatch.setattr("dnsd.cli.client.CALL_SECONDS", 0.2)
    async with stage(None, (200, {})) as on:
        await on.server.came(1)
        on.task.cancel()
        await on.keeper.leave()
        assert on.calls == [PUT, DELETE]
        assert on.keeper._put.done()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (LOST, None),
        (REMOVED, None),
        ((403, {"title": "No"}), "cannot deregister default/web/web-1: No"),
        (AWAY, "its lease ends within 15 s"),
    ],
)
async def test_leaving_is_never_a_failure(stage, answer, said):
    async with stage(MADE, answer) as on:
        await on.until_asleep()
        on.task.cancel()
        await on.keeper.leave()
        assert on.calls == [PUT, DELETE]
        assert len(on.said) == (1 if said is None else 2)
        assert said is None or said in on.said[-1]
