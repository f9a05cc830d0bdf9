"""Who the replicas are, as the admin API shows them."""

import asyncio
from typing import Any


async def test_the_replicas(replica: Any, wait_until: Any) -> None:
    await wait_until(lambda: replica.replicas.digest, "there is a digest")
    async with asyncio.timeout(10):  # the digest is made before the first report is stored
        while not (answer := await replica.call("GET", "/v1/replicas")).document["items"]:
            await asyncio.sleep(0.02)
    assert answer.status == 200
    (item,) = answer.document["items"]
    assert (item["replica"], item["lag"], item["is_self"]) == ("replica-1", 0, True)
    assert (await replica.call("GET", "/v1/replicas?x=1")).status == 400


async def test_without_the_store(own_server: Any, new_replica_at: Any, wait_until: Any) -> None:
    async with new_replica_at(own_server.url) as replica:
        own_server.kill()
        await wait_until(lambda: not replica.mirror.status().connected, "the store is missed")
        assert (await replica.call("GET", "/v1/replicas")).status == 503
