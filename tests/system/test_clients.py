"""Every client of docs/clients.md with its real program, in a network where dnsd is the only name server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.fetched import FETCHED
from clients.fronts import FRONTS
from clients.kinds import CLIENTS, NAME, Client
from clients.page import page
from clients.stage import BOTH, LAST_SECONDS, MANY, PORT, PROMPT_SECONDS, REPLICAS, WEB, Finding, Stage, addresses_in
from room import require
from waiting import until

pytestmark = pytest.mark.timeout(170)
FORWARDING = "127.0.0.7"
RESOLV_CONF = Path("/etc/resolv.conf")
SRV_NAME = f"_http._tcp.{NAME}"


@pytest.fixture(scope="module", autouse=True)
def clients(stage: Stage, request: pytest.FixtureRequest) -> Iterator[list[Client]]:
    """Those that are asked for in this run, built, and started where they stand in front of dnsd.

    None of them, systemd-resolved neither, touches the resolv.conf of this machine.
    """
    before = RESOLV_CONF.read_bytes()
    ours = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    asked = {item.callspec.params["client"].name for item in ours}
    clients = [one for one in (*CLIENTS, *FRONTS) if one.name in asked]
    require(*{need for one in clients for need in one.needs})
    for client in clients:
        stage.build(client)
        if client.start:
            stage.start(client)
    yield clients
    assert RESOLV_CONF.read_bytes() == before


@pytest.fixture(scope="module")
def in_outage(stage: Stage, clients: list[Client]) -> dict[str, Finding]:
    return stage.outage(clients)


@pytest.fixture(scope="module")
def in_restart(stage: Stage, clients: list[Client]) -> dict[str, list[Finding]]:
    return stage.restart(clients)


def that_can(situation: str) -> pytest.MarkDecorator:
    """The clients whose situation it is."""
    return pytest.mark.parametrize(
        "client",
        [
            pytest.param(one, id=one.name, marks=[pytest.mark.long] if one.is_fetched and not FETCHED else [])
            for one in (*CLIENTS, *FRONTS)
            if situation not in one.cannot
        ],
    )


def is_whole(client: Client, found: set[str]) -> bool:
    """True for all addresses of ``web``, for one of them where the client connects to one."""
    return found == WEB if client.name != "curl" else len(found) == 1 and found <= WEB


@that_can("a")
def test_addresses_are_found(stage: Stage, client: Client) -> None:
    assert is_whole(client, stage.addresses(client, NAME))


@that_can("aaaa")
def test_an_ipv4_only_name_has_no_ipv6_address_and_is_not_unknown(stage: Stage, client: Client) -> None:
    if client.v6:
        printed, seconds = stage.ask(client.v6, NAME, client.nameserver or BOTH)
        assert re.search(client.absent, printed, re.MULTILINE), printed
        assert seconds < PROMPT_SECONDS
    assert is_whole(client, stage.addresses(client, NAME))


@that_can("srv")
def test_ports_are_found(stage: Stage, client: Client) -> None:
    # Go puts "_http._tcp." in front by itself.
    name = NAME if client.name.startswith("Go ") else SRV_NAME
    printed, _ = stage.ask(client.srv, name, client.nameserver or BOTH)
    assert set(re.findall(rf"\b{PORT}\b.*\b(web-\d)\.web\.default", printed)) == {"web-1", "web-2"}, printed


@that_can("short")
def test_a_short_name_is_found_through_the_search_list(stage: Stage, client: Client) -> None:
    assert is_whole(client, stage.addresses(client, "web"))


@that_can("unknown")
def test_an_unknown_name_is_unknown_at_once(stage: Stage, client: Client) -> None:
    unknown = "nobody.default.svc.cluster.local"
    asked = f"http://{unknown}:{PORT}/" if client.name == "curl" else unknown
    printed, seconds = stage.ask(client.v4, asked, client.nameserver or BOTH)
    assert re.search(client.absent, printed, re.MULTILINE), printed
    assert seconds < PROMPT_SECONDS


@that_can("many")
def test_forty_addresses_arrive_whole(stage: Stage, client: Client) -> None:
    assert stage.addresses(client, "many.default.svc.cluster.local") == MANY


@that_can("outage")
def test_one_replica_down_is_not_felt(in_outage: dict[str, Finding], client: Client) -> None:
    found = in_outage[client.name]
    assert is_whole(client, found.addresses), found.printed


@that_can("restart")
def test_restarting_the_replicas_in_turn_is_not_felt(in_restart: dict[str, list[Finding]], client: Client) -> None:
    found = in_restart[client.name]
    assert len(found) >= 2
    assert [one for one in found if not is_whole(client, one.addresses)] == []


def test_who_missed_a_replica_in_its_restart_finds_the_next_in_its_lame_duck(stage: Stage) -> None:
    """The most impatient asks each server twice in 5 s and never again: the next must not close before its turn.

    The first replica is away for both; as soon as it is back the second is told to end, as in a rolling restart.
    """
    require("busybox")
    first, second = REPLICAS
    with stage.down(first):
        asking = stage.room.start("missed", "busybox", "nslookup", "-type=a", NAME, nameserver=BOTH)
        until(lambda: stage.room.log("missed").count("refused") == 2, "the first one is asked twice")
    with stage.ended(second):
        asking.wait(LAST_SECONDS)
    assert addresses_in(stage.room.log("missed")) == WEB


def test_host_believes_the_last_server_alone_unless_names_are_forwarded(stage: Stage) -> None:
    """host and nslookup pass over an answer without RA, which the dnsd that does not forward never sets."""
    require("host", "nslookup")
    host, nobody = ("host", "-t", "A"), "127.0.0.9"
    for words in (host, ("nslookup", "-type=a")):
        assert set(stage.ask(words, NAME, f"{nobody},127.0.0.1")[0].split()) >= WEB
        assert "no servers could be reached" in stage.ask(words, NAME, f"127.0.0.1,{nobody}")[0]
    assert "recursion not available from 127.0.0.1" in stage.ask(("nslookup",), NAME, "127.0.0.1")[0]
    assert "recursion" not in stage.ask(host, NAME, "127.0.0.1")[0]
    assert "not found: 5(REFUSED)" in stage.ask(host, "nobody", "127.0.0.1")[0]
    stage.start_replica(FORWARDING, "--forward", nobody)
    stage.wait_for(FORWARDING)
    for words in (host, ("nslookup", "-type=a")):
        printed = stage.ask(words, NAME, f"{FORWARDING},{nobody}")[0]
        assert set(printed.split()) >= WEB
        assert "recursion" not in printed


def test_the_page_says_what_is_tested() -> None:
    assert (Path(__file__).parents[2] / "docs" / "clients.md").read_text() == page()
