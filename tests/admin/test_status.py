"""Alive while the loop turns; ready from the first load until the replica leaves, with or without the store."""

from typing import Any


async def test_ready(replica: Any) -> None:
    answer = await replica.call("GET", "/readyz")
    assert answer.status == 200
    shown = answer.document
    assert 0 <= shown.pop("mirror_age_seconds") < 5
    assert {"digest", "digest_revision"} <= shown.keys()
    del shown["digest"], shown["digest_revision"]
    assert shown == {
        "ready": True, "loaded": True, "connected": True, "degraded": False, "leaving": False,
        "revision": replica.mirror.revision, "epoch": replica.mirror.epoch, "problem": "", "replica": "replica-1",
        "store_suspect": False, "held_records": 0, "disk_problem": "",
        "self_preservation": False, "held_endpoints": 0,
    }  # fmt: skip


async def test_not_ready_before_the_registry_was_read_yet_alive(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        answer = await replica.call("GET", "/readyz")
        assert answer.status == 503
        shown = answer.document
        assert (shown["ready"], shown["loaded"], shown["mirror_age_seconds"]) == (False, False, None)
        alive = await replica.call("GET", "/livez")
        assert (alive.status, alive.octets) == (200, b"ok\n")


async def test_not_ready_when_it_leaves_yet_alive(new_replica: Any) -> None:
    leaving = False
    async with new_replica(is_leaving=lambda: leaving) as replica:
        assert (await replica.call("GET", "/readyz")).status == 200
        leaving = True
        assert (await replica.call("GET", "/readyz")).status == 503
        assert (await replica.call("GET", "/livez")).status == 200


async def test_ready_without_the_store(own_server: Any, new_replica_at: Any, wait_until: Any) -> None:
    async with new_replica_at(own_server.url) as replica:
        own_server.kill()
        await wait_until(lambda: not replica.mirror.status().connected, "the store is missed")
        answer = await replica.call("GET", "/readyz")
        assert answer.status == 200
        assert (answer.document["degraded"], answer.document["connected"]) == (True, False)
        assert answer.document["problem"]
