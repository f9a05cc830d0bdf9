"""Who the replicas are, as the admin API shows them."""

from typing import Any


async def test_the_replicas(replica: Any, wait_until: Any) -> None:
    await wait_until(lambda: replica.replicas.digest, "there is a digest")

    async def has_items() -> bool:
        return bool((await replica.call("GET", "/v1/replicas")).document["items"])

    await wait_until(has_items, "the first report is stored: the digest is made before")
    answer = await replica.call("GET", "/v1/replicas")
    assert answer.status == 200
    (item,) = answer.document["items"]
    assert (item["replica"], item["lag"], item["is_self"]) == ("replica-1", 0, True)
    assert (await replica.call("GET", "/v1/replicas?x=1")).status == 400


async def test_without_the_store(own_server: Any, new_replica_at: Any, wait_until: Any) -> None:
    async with new_replica_at(own_server.url) as replica:
        own_server.kill()
        await wait_until(lambda: not replica.mirror.status().connected, "the store is missed")
        assert (await replica.call("GET", "/v1/replicas")).status == 503
