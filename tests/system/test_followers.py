"""Programs that stay and follow a name: HAProxy, nginx, Prometheus, gRPC; what stands in front lets go of a name, too.

That HAProxy counts weights is in test_weights.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from clients.followers import (
    FAILED,
    FOLLOWERS,
    GRPC_PORT,
    NUMBERS,
    Follower,
    start_grpc_server,
    targets_of_prometheus,
)
from clients.stage import MANY, PORT, REPLICAS, WEB, Stage, delete, put
from room import require
from waiting import until

pytestmark = pytest.mark.timeout(170)
STAYER, LEAVER, COMER = sorted(NUMBERS[f"web-{number}"] for number in (1, 2, 3))
REPLACED = {STAYER, COMER}
SETTLED_SECONDS = 40.0
AWAY_SECONDS = 3.0
"""Every program asks several times in it."""
WHOLE = {"a": WEB, "aaaa": WEB, "srv": WEB, "short": WEB, "many": MANY}
Found = dict[str, set[str]]
"""Addresses by situation."""


def that_can(situation: str) -> pytest.MarkDecorator:
    """The programs whose situation it is."""
    return pytest.mark.parametrize("follower", those_that_can(situation))


def those_that_can(situation: str, *before: str) -> list[Any]:
    """The same as parameters of a test, behind these."""
    able = [one for one in FOLLOWERS if situation not in one.cannot]
    return [pytest.param(*before, one, id="-".join((*before, one.name))) for one in able]


@pytest.fixture(scope="module")
def followers(stage: Stage, request: pytest.FixtureRequest) -> list[Follower]:
    """Those that are asked for in this run, started."""
    ours = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    asked = {item.callspec.params["follower"].name for item in ours}
    followers = [one for one in FOLLOWERS if one.name in asked]
    require(*{need for one in followers for need in one.needs})
    stage.add_address(COMER, *sorted(MANY))
    stage.start_pong(COMER, PORT)
    for follower in followers:
        follower.start(stage)
    return followers


def settled(stage: Stage, followers: list[Follower], expected: Found) -> dict[str, Found]:
    """What each has found in these situations, when all have what is expected or when that takes too long."""
    end = time.monotonic() + SETTLED_SECONDS
    found: dict[str, Found] = {one.name: {} for one in followers}
    waiting = [(one, situation) for one in followers for situation in expected if situation not in one.cannot]
    while waiting and time.monotonic() < end:
        for follower, situation in waiting:
            found[follower.name][situation] = follower.found(stage, situation)
        waiting = [(one, situation) for one, situation in waiting if found[one.name][situation] != expected[situation]]
    return found


def seen(stage: Stage, followers: list[Follower]) -> dict[str, set[str]]:
    """What each has found by the name's addresses now."""
    return {one.name: one.found(stage, "a") for one in followers}


def replace(stage: Stage, gone: int, come: int, *more: dict[str, object], admin: int = 8053) -> None:
    """One endpoint of ``web`` is replaced by another in one change, and ends, which is what gRPC waits for."""
    stage.write(delete("web", gone), put("web", come, NUMBERS[f"web-{come}"]), *more, admin=admin)
    place = f"{NUMBERS[f'web-{gone}']}:{GRPC_PORT}"
    if place in stage.servers:
        stage.servers[place].terminate()
        stage.servers[place].wait(10)
        start_grpc_server(stage, place)


@pytest.fixture(scope="module")
def whole(stage: Stage, followers: list[Follower]) -> dict[str, Found]:
    """What is found with both replicas up."""
    return settled(stage, followers, WHOLE)


@dataclass
class Outage:
    """What was found with the first replica killed; ``http`` is the list over HTTP that Prometheus had of it."""

    found: dict[str, Found]
    http: set[str]


@pytest.fixture(scope="module")
def outage(stage: Stage, followers: list[Follower], whole: dict[str, Found]) -> Outage:
    """The first replica is killed; what changes then is told to the second."""
    with stage.first_down():
        replace(stage, 2, 3, admin=8054)
        found = settled(stage, followers, dict.fromkeys(("a", "srv"), REPLACED))
        http = {address for one in followers if one.name == "Prometheus" for address in one.found(stage, "http")}
    return Outage(found, http)


def kill_and_start(stage: Stage, dns: str) -> None:
    """One replica is killed with -9 and started again."""
    with stage.down(dns):
        pass


@dataclass
class Restart:
    """What was found over and over while the replicas were restarted in turn, and after."""

    in_turn: list[dict[str, set[str]]]
    unknown: dict[str, set[str]]
    after: dict[str, Found]


@pytest.fixture(scope="module")
def restart(stage: Stage, followers: list[Follower], outage: Outage) -> Restart:
    """Both are restarted in turn; an endpoint is replaced and a name made after that."""
    in_turn = []
    with ThreadPoolExecutor(1) as pool:
        restarting = pool.submit(lambda: [kill_and_start(stage, dns) for dns in REPLICAS])
        while not restarting.done():
            in_turn.append(seen(stage, followers))
        restarting.result()
    unknown = {one.name: one.found(stage, "unknown") for one in followers}
    replace(stage, 3, 2, put("late", 1, STAYER))
    after = settled(stage, followers, {"a": WEB, "srv": WEB, "unknown": {STAYER}})
    return Restart(in_turn, unknown, after)


@pytest.fixture(scope="module")
def away(stage: Stage, followers: list[Follower], restart: Restart) -> tuple[dict[str, set[str]], dict[str, Found]]:
    """What was found at last while both replicas were away, and when they were there again."""
    with stage.down(*REPLICAS):
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            found = seen(stage, followers)
    replace(stage, 2, 3)
    return found, settled(stage, followers, dict.fromkeys(("a", "srv"), REPLACED))


@pytest.mark.parametrize(
    ("situation", "follower"), [each for situation in WHOLE for each in those_that_can(situation, situation)]
)
def test_what_stands_there_is_found(whole: dict[str, Found], situation: str, follower: Follower) -> None:
    """Addresses, ports, a short name by the search list, forty endpoints; that there is no IPv6 does not matter."""
    assert whole[follower.name][situation] == WHOLE[situation]


@that_can("outage")
def test_with_one_replica_down_changes_are_followed(outage: Outage, follower: Follower) -> None:
    assert outage.found[follower.name] == dict.fromkeys(outage.found[follower.name], REPLACED)


@that_can("restart")
def test_restarting_the_replicas_in_turn_is_not_felt(restart: Restart, follower: Follower) -> None:
    found = [one[follower.name] for one in restart.in_turn]
    assert len(found) >= 2
    assert [one for one in found if one != REPLACED] == []
    after = {one: found for one, found in restart.after[follower.name].items() if one != "unknown"}
    assert after == dict.fromkeys(after, WEB)


@pytest.mark.long
@that_can("away")
def test_with_all_replicas_away_the_last_targets_are_kept_or_not(
    away: tuple[dict[str, set[str]], dict[str, Found]], follower: Follower
) -> None:
    found, after = away
    assert found[follower.name] == (WEB if follower.keeps else {FAILED})
    assert after[follower.name] == dict.fromkeys(after[follower.name], REPLACED)


@that_can("unknown")
def test_an_unknown_name_is_followed_when_it_comes(restart: Restart, follower: Follower) -> None:
    assert restart.unknown[follower.name] <= {FAILED}
    assert restart.after[follower.name]["unknown"] == {STAYER}


@pytest.mark.parametrize("follower", [one for one in FOLLOWERS if one.name == "Prometheus"], ids=["Prometheus"])
def test_the_list_over_http_has_ids_and_is_one_replicas(stage: Stage, outage: Outage, follower: Follower) -> None:
    # While its replica was away Prometheus kept the targets that it had.
    assert outage.http == WEB

    def labels() -> dict[str, str]:
        targets: list[dict[str, Any]] = [one["labels"] for one in targets_of_prometheus(stage, "http")]
        return {one["instance"]: one["endpoint"] for one in targets}

    current = seen(stage, [follower])[follower.name]
    expected = {f"{address}:{PORT}": name for name, address in NUMBERS.items() if address in current}
    eventually(labels, expected, "the registry's own names come as labels, which DNS has no room for")

    def scraped() -> set[str]:
        jobs = ("a", "aaaa", "srv", "short", "http")
        return {job for job in jobs if {one["health"] for one in targets_of_prometheus(stage, job)} == {"up"}}

    eventually(scraped, {"a", "aaaa", "srv", "short", "http"}, "what was found is scraped")


def eventually(look: Callable[[], object], expected: object, what: str) -> None:
    """Wait until ``look`` gives what is expected."""
    until(lambda: look() == expected, what, SETTLED_SECONDS)
    assert look() == expected


def test_behind_dnsmasq_names_and_ports_are_the_same(stage: Stage) -> None:
    require("dnsmasq")
    room = stage.room
    flags = ["--no-daemon", "--no-resolv", "--no-hosts", "--port=53", "--bind-interfaces", "--listen-address=127.0.0.3"]
    servers = ["--server=/cluster.local/127.0.0.1", "--server=/cluster.local/127.0.0.2"]
    room.start("dnsmasq", "dnsmasq", "--conf-file=/dev/null", "--user=root", *flags, *servers)
    name = "fresh.default.svc.cluster.local"

    def asked(rtype: str, name: str = name) -> set[str]:
        ask = f"dig @127.0.0.3 +short +tries=1 {name} {rtype} || true"
        return set(room.run("sh", "-c", ask).splitlines())

    eventually(lambda: asked("A"), WEB, "dnsmasq asks dnsd")
    assert asked("AAAA") == set()
    assert {line.split()[2] for line in asked("SRV", f"_http._tcp.{name}")} == {str(PORT)}
    assert set(room.run("getent", "ahostsv4", "fresh", nameserver="127.0.0.3").split()) >= WEB
    stage.write(delete("fresh", 2))
    eventually(lambda: asked("A"), {STAYER}, "what left is gone one TTL later")
