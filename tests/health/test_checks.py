"""Checks of real servers by real replicas on a real store: out and in again, shared out, taken over, never empty."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dnsd.answer.policy import AS_THEY_COME, Asked
from dnsd.answer.why import explain
from dnsd.health.checks import Checks, port_to_check
from dnsd.model.health import HealthCheck
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service
from dnsd.registry.audit import Audit
from dnsd.registry.operations import Mark, Put
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tasks import Tasks

FAST = {"interval_seconds": 1, "timeout_seconds": 1, "up": 1, "down": 1}
WEB = Service("default", "web", health=HealthCheck("http", **FAST))


def endpoint(name: str, port: int, **fields: object) -> Endpoint:
    return Endpoint("default", "web", name, ("127.0.0.1",), (Port("http", "TCP", port),), **fields)


@asynccontextmanager
async def checking(*replicas) -> AsyncIterator[list[Checks]]:
    """Each replica reports itself, ticks, and checks its share, at once."""
    tasks = Tasks("test")
    made = []
    for each in replicas:
        made.append(Checks(each.services, each.mirror, each.replicas, each.name, SystemClock(), chance=lambda: 0.0))
        tasks.start(f"{each.name}/replicas", each.replicas.run())
        tasks.start(f"{each.name}/ticker", each.ticker.run())
        tasks.start(f"{each.name}/checks", made[-1].run())
    try:
        yield made
    finally:
        await tasks.stop()
        assert not tasks.failed.is_set()


async def put(replica, *values):
    for value in values:
        await replica.services.write(Put(value))


def reasons(replica) -> dict[str, str]:
    """Each endpoint's reason to be in or out of the answer, as /v1/answer gives it."""
    asked = Asked(name_from_text("web.default.svc.cluster.local."), RRType.SRV, "127.0.0.1", 1232)
    return {each.endpoint.id: each.reason for each in explain(asked, replica.catalog, 0, AS_THEY_COME).verdicts}


async def test_who_fails_goes_who_passes_comes_back_and_a_put_changes_neither(replica, make_patient, eventually):
    sick, sound = await make_patient(), await make_patient()
    await put(replica, WEB, endpoint("sick", sick.port), endpoint("sound", sound.port))
    async with checking(replica):
        sick.reply = b"HTTP/1.1 500 Oh\r\n\r\n"
        await eventually(lambda: replica.endpoint("sick").failing == "status")
        assert reasons(replica) == {"sick": "failing", "sound": "ready"}
        again = await replica.services.write(Put(endpoint("sick", sick.port)))
        assert (again.outcome, again.value.failing) == ("renewed", "status")
        changed = await replica.services.write(Put(endpoint("sick", sick.port, weight=7)))
        assert (changed.outcome, changed.value.failing) == ("changed", "status")
        sick.reply = b"HTTP/1.1 200 OK\r\n\r\n"
        await eventually(lambda: replica.endpoint("sick").failing is None)
        assert reasons(replica) == {"sick": "ready", "sound": "ready"}


async def test_the_audit_names_who_marked_an_endpoint(replica, make_patient, eventually):
    sick, sound = await make_patient(), await make_patient()
    await put(replica, WEB, endpoint("sick", sick.port), endpoint("sound", sound.port))
    async with checking(replica):
        sick.reply = b"HTTP/1.1 500 Oh\r\n\r\n"
        await eventually(lambda: replica.endpoint("sick").failing == "status")
    [entry] = await Audit(replica.store).page(10)  # what was put had no author: nobody asked for it by the API
    told = tuple(entry[name] for name in ("who", "from", "replica", "what", "revision"))
    revision = replica.endpoint("sick").revision
    assert told == ("health check", "", replica.name, "changed endpoint default/web/sick", revision)
    assert entry["at"] > 0


async def test_the_last_ones_are_answered_although_they_fail(replica, patient, eventually):
    await patient.stop()
    await put(replica, WEB, endpoint("a", patient.port), endpoint("b", patient.port))
    async with checking(replica) as (checks,):
        await eventually(lambda: checks.failing == 2)
        assert reasons(replica) == {"a": "all-failing", "b": "all-failing"}
        assert checks.open_services == {("default", "web")}
        assert replica.catalog.published(("default", "web"))
        await patient.start()
        await eventually(lambda: not checks.open_services and not checks.failing)
    assert checks.looks["refused"] >= 2
    assert checks.looks["passes"] >= 2


async def are_checked_by_one_each(patients, eventually) -> bool:
    """True when of some rounds there is one in which nobody was looked at by two. What comes first may be of before."""
    for _ in range(4):
        for each in patients.values():
            each.requests.clear()
        await eventually(lambda: all(len(each.requests) > 2 for each in patients.values()))
        if all(len(set(each.askers[1:])) == 1 for each in patients.values()):
            return True
    return False


async def test_each_endpoint_is_checked_by_one_replica_and_by_the_other_when_that_one_dies(
    make_replica, make_patient, eventually
):
    one, two = await make_replica("one", settling_seconds=0), await make_replica("two", settling_seconds=0)
    patients = {f"e{number}": await make_patient() for number in range(8)}
    await put(one, WEB, *(endpoint(name, each.port) for name, each in patients.items()))
    async with checking(one) as (first,):
        async with checking(two) as (second,):
            await eventually(lambda: second.own and first.own + second.own == len(patients))
            assert await are_checked_by_one_each(patients, eventually)
        await eventually(lambda: first.own == len(patients))
        for each in patients.values():
            each.requests.clear()
        await eventually(lambda: all(each.askers for each in patients.values()))
        assert {asker for each in patients.values() for asker in each.askers[-1:]} == {"one"}


async def test_a_mark_is_seen_by_every_replica(make_replica, patient, make_patient, eventually):
    one, two = await make_replica("one"), await make_replica("two")
    sound = await make_patient()
    await patient.stop()
    await put(one, WEB, endpoint("sick", patient.port), endpoint("sound", sound.port))
    async with checking(one):
        await eventually(lambda: two.endpoint("sick").failing == "refused")
    assert reasons(two) == {"sick": "failing", "sound": "ready"}


async def test_what_an_operator_drained_is_left_alone_and_judged_again_when_it_is_back(replica, patient, eventually):
    await patient.stop()
    await put(replica, WEB, endpoint("sick", patient.port))
    async with checking(replica) as (checks,):
        await eventually(lambda: replica.endpoint("sick").failing == "refused")
        await replica.services.write(Mark(("default", "web", "sick"), "x"))
        await eventually(lambda: replica.endpoint("sick").draining)
        looked = checks.looks.total()
        await eventually(lambda: checks.looks.total() > looked)
        assert replica.endpoint("sick").failing is None
        await replica.services.write(Mark(("default", "web", "sick"), "-"))
        await eventually(lambda: replica.endpoint("sick").failing == "refused")


async def test_a_check_that_is_no_longer_asked_for_leaves_no_mark(replica, patient, eventually):
    await patient.stop()
    await put(replica, WEB, endpoint("sick", patient.port))
    async with checking(replica) as (checks,):
        await eventually(lambda: replica.endpoint("sick").failing)
        await put(replica, Service("default", "web"))
        assert reasons(replica) == {"sick": "ready"}
        await eventually(lambda: replica.endpoint("sick").failing is None and checks.own == 0)


async def test_an_endpoint_without_the_port_is_not_looked_at_and_stays(replica, patient, eventually):
    await put(replica, Service("default", "web", health=HealthCheck("tcp", port="admin", **FAST)))
    await put(replica, endpoint("web-1", patient.port))
    async with checking(replica) as (checks,):
        await eventually(lambda: checks.looks["no-port"] > 0)
    assert replica.endpoint("web-1").failing is None
    assert patient.connections == 0


@pytest.mark.parametrize(("port", "found"), [("", 80), ("admin", 81), ("other", None), ("dns", None)])
def test_the_port_that_is_checked_is_a_registered_one_of_tcp(port, found):
    ports = (Port("dns", "UDP", 53), Port("http", "TCP", 80), Port("admin", "TCP", 81))
    each = Endpoint("default", "web", "1", ("192.0.2.1",), ports)
    assert port_to_check(each, HealthCheck("tcp", port=port)) == found
