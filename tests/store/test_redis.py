"""The door: what the server is, what it may refuse, and how long anybody waits. The scripts have tests of their own."""

import asyncio
import re
import time
from pathlib import Path

import pytest

from dnsd.model.errors import InvalidRecord, StoreUnavailable
from dnsd.store.operations import AccessChange, put
from dnsd.store.redis import CLUSTER_COMMAND, COMMANDS, KEY_PATTERN, WRITE_SECONDS_DEFAULT
from dnsd.store.report import Report


async def refusal_of(store, endpoint):
    with pytest.raises(StoreUnavailable) as caught:
        await store.write([put(endpoint)], 0)
    assert store.place in str(caught.value)
    return caught.value.reason


async def test_what_the_server_says_of_itself(store, server):
    facts = await store.check()
    assert (facts.server, facts.role, facts.maxmemory_policy) == (server.kind, "master", "noeviction")
    assert facts.version.startswith({"redis": "7.", "valkey": "9."}[server.kind])
    assert (facts.is_append_only, facts.replicas_to_write) == (False, 0)


async def test_a_server_that_drops_keys_is_taken_only_when_that_is_allowed(make_server, server, make_store):
    own = make_server(server.kind, "--maxmemory-policy", "allkeys-lru")
    with pytest.raises(StoreUnavailable) as caught:
        await make_store(own.url).check()
    assert caught.value.reason == "evicting"
    allowed = make_store(own.url, allow_eviction=True)
    assert (await allowed.check()).maxmemory_policy == "allkeys-lru"


def test_the_documented_acl_is_the_one_that_is_tested():
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    documented, _, after = text.partition("ACL SETUSER dnsd")[2].partition("\n\n")
    assert sorted(re.findall(r" \+(\w+)", documented)) == sorted(COMMANDS)
    assert "~{dnsd}:*" in documented
    assert after.startswith(f"With `cluster://` also `+{CLUSTER_COMMAND}`.")


async def test_the_least_acl_is_enough(make_server, server, web_1, make_store):
    own = make_server(server.kind)
    commands = [f"+{command}" for command in COMMANDS]
    own.ask("ACL", "SETUSER", "dnsd", "on", ">secret", f"~{KEY_PATTERN.format(prefix='{dnsd}')}", *commands)
    store = make_store(f"{own.url.replace('unix://', 'unix://dnsd:secret@')}")
    assert (await store.check()).replicas_to_write is None
    await store.open()
    await store.write([put(web_1)], 0, "somebody")
    assert await store.write_access(AccessChange("put", "a token", {"a": "{}"}), 0, "somebody")
    assert await store.write_access(AccessChange("refill", "", {"a": "{}"}, 7), 0)
    assert (await store.tokens(""))[1] == {"a": "{}"}
    assert len(await store.audit(10)) == 2
    await store.touch(0)
    await store.renew([web_1.key])
    await store.remaining_seconds([web_1.key])
    seen = await store.tick()
    await store.tick(seen.tick, seen.history)
    await store.reap(1, seen.history, 0)
    await store.report("a", 1)
    await store.reports()
    await store.withdraw("a")
    reader = store.reader()
    assert (await reader.position()).revision == 1
    assert [len(pairs) async for pairs in reader.endpoints()] == [1]
    assert len(await reader.changes(0)) == 1
    assert await reader.await_changes(1, 0.01) == []
    await reader.close()
    foreign = make_store(f"{own.url.replace('unix://', 'unix://dnsd:secret@')}", "other")
    assert await refusal_of(foreign, web_1) in ("no-permission", "script")


async def test_scripts_are_told_again_to_a_server_that_lost_them(store, server, web_1):
    await store.write([put(web_1)], 0)
    server.ask("SCRIPT", "FLUSH")
    assert (await store.write([put(web_1)], 0)).results[0].outcome == "renewed"


async def test_what_stands_in_the_store(store, server, web_1):
    assert await store.endpoint(web_1.key) is None
    await store.write([put(web_1)], 0)
    stands = await store.endpoint(web_1.key)
    assert (stands, stands.revision) == (web_1, 1)
    server.ask("HSET", store.keys.endpoints, "default/web/web-1", "garbage")
    with pytest.raises(InvalidRecord):
        await store.endpoint(web_1.key)


async def test_garbage_where_we_look_beside_is_a_refusal_and_no_accident(store, server, web_1):
    """faults.md, rows 16 and 17: each is told with its reason, also when it is not the first command that meets it."""
    server.ask("SET", store.keys.replicas, "x")
    server.ask("SET", store.keys.leases, "x")
    for asked in (store.reports(), store.remaining_seconds([web_1.key])):
        with pytest.raises(StoreUnavailable) as caught:
            await asked
        assert caught.value.reason == "wrong-type"
    server.ask("DEL", store.keys.replicas, store.keys.leases)
    server.ask("HSET", store.keys.meta, "tick", "soon")
    for asked in (store.reports(), store.remaining_seconds([web_1.key])):
        with pytest.raises(StoreUnavailable, match="its tick is 'soon', no number") as caught:
            await asked
        assert caught.value.reason == "garbage"


async def test_replicas_report(store, server):
    await store.report("a", 3)
    await store.report("b", 4)
    server.ask("HSET", store.keys.replicas, "c", "garbage")
    assert await store.reports() == (0, {"a": Report(3, 0), "b": Report(4, 0)})
    await store.withdraw("a")
    assert await store.reports() == (0, {"b": Report(4, 0)})


async def test_a_server_that_stands_still_is_given_up_in_time(make_server, server, web_1, make_store):
    assert WRITE_SECONDS_DEFAULT < 2
    own = make_server(server.kind)
    store = make_store(own.url, write_seconds=0.4)
    await store.write([put(web_1)], 0)
    own.stop()
    started = time.monotonic()
    reasons = await asyncio.gather(*(refusal_of(store, web_1) for _ in range(40)))
    took = time.monotonic() - started
    assert set(reasons) == {"timeout"}
    # More than there are connections: who waits for one is given up with the others, not after them.
    assert 0.4 <= took < 40 * 0.4
    own.wake()
    assert (await store.write([put(web_1)], 0)).results[0].outcome == "renewed"


async def test_a_server_that_was_killed_and_is_back(make_server, server, web_1, make_store):
    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    store = make_store(own.url)
    await store.write([put(web_1)], 0)
    own.kill()
    assert await refusal_of(store, web_1) == "connection"
    own.start()
    assert (await store.write([put(web_1)], 0)).results[0].outcome == "renewed"


async def test_where_the_mirror_sees_another_history_writes_take_new_connections(
    make_server, server, web_1, make_store
):
    own = make_server(server.kind, "--enable-debug-command", "yes")
    store = make_store(own.url)
    reader = store.reader()
    await reader.position()
    await store.write([put(web_1)], 0)
    before = clients_of(own)
    await reader.position()
    await store.renew([web_1.key])
    assert clients_of(own) == before
    own.ask("DEBUG", "CHANGE-REPL-ID")
    await reader.position()
    await store.renew([web_1.key])
    assert len(before - clients_of(own)) == 1
    await reader.close()


def clients_of(server):
    """The numbers of all connections but that of who asks for them."""
    lines = server.ask("CLIENT", "LIST").splitlines()
    return {line.partition("id=")[2].partition(" ")[0] for line in lines if "id=" in line and "cmd=client" not in line}


async def test_a_full_server_says_so(make_server, server, web_1, make_store):
    own = make_server(server.kind, "--maxmemory", "1")
    store = make_store(own.url)
    assert await refusal_of(store, web_1) == "out-of-memory"
    assert ":0\r\n" in own.ask("DBSIZE")


async def test_a_server_whose_disk_failed_says_so(make_server, server, web_1, eventually, make_store):
    own = make_server(server.kind, "--save", "1 1", "--enable-protected-configs", "yes")
    own.ask("SET", "somebody", "else")
    own.ask("CONFIG", "SET", "dir", "/proc")
    own.ask("BGSAVE")
    store = make_store(own.url)
    await eventually(lambda: "rdb_last_bgsave_status:err" in own.ask("INFO", "persistence"))
    assert await refusal_of(store, web_1) == "misconf"


async def test_a_replica_refuses_writes_and_is_left(make_server, server, web_1, eventually, make_store):
    own = make_server(server.kind)
    store = make_store(own.url)
    await store.write([put(web_1)], 0)
    own.ask("REPLICAOF", "127.0.0.1", "1")
    assert await refusal_of(store, web_1) == "read-only"
    own.ask("REPLICAOF", "NO", "ONE")
    assert (await store.write([put(web_1)], 0)).results[0].outcome == "renewed"


async def test_a_password_that_is_missing(make_server, server, web_1, make_store):
    own = make_server(server.kind)
    own.ask("CONFIG", "SET", "requirepass", "secret")
    assert await refusal_of(make_store(own.url), web_1) == "no-auth"


async def test_copies_that_nobody_makes(store, server, prefix, web_1, make_store):
    waiting = make_store(server.url, prefix, copies=1, write_seconds=0.6)
    assert await refusal_of(waiting, web_1) == "not-replicated"
    assert (await store.write([put(web_1)], 0)).durability == "local"
