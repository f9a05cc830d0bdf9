"""The calls about the store: restore and adopt, on one that lost everything."""

from typing import Any

import pytest

from dnsd.registry import mirror

PATH = "/v1/namespaces/default/services/web/endpoints"


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mirror looks at what became of the store more often than once a second."""
    monkeypatch.setattr(mirror, "CHECK_SECONDS", 0.05)


async def test_an_emptied_store_is_suspect_until_restored(
    own_server: Any, new_replica_at: Any, wait_until: Any
) -> None:
    async with new_replica_at(own_server.url) as replica:
        body = {"address": "192.0.2.1", "ports": {"http": 80}, "lease_seconds": None}
        assert (await replica.call("PUT", f"{PATH}/a", body)).status == 201
        own_server.ask("FLUSHALL")
        await wait_until(lambda: replica.mirror.status().is_suspect, "the store is suspect")
        shown = (await replica.call("GET", "/readyz")).document
        assert (shown["ready"], shown["store_suspect"], shown["held_records"], shown["degraded"]) == (
            True,
            True,
            1,
            True,
        )
        assert "dnsd store adopt" in shown["problem"]
        answer = await replica.call("POST", "/v1/store/restore")
        assert answer.document == {"restored": 1, "present": 0, "deleted": 0}
        await wait_until(lambda: not replica.mirror.status().is_suspect, "the store is believed")
        assert (await replica.call("GET", f"{PATH}/a")).status == 200


async def test_adopt_drops_what_the_store_lacks(own_server: Any, new_replica_at: Any, wait_until: Any) -> None:
    async with new_replica_at(own_server.url) as replica:
        await replica.call("PUT", f"{PATH}/a", {"address": "192.0.2.1", "lease_seconds": None})
        own_server.ask("FLUSHALL")
        await wait_until(lambda: replica.mirror.status().is_suspect, "the store is suspect")
        assert (await replica.call("POST", "/v1/store/adopt")).document["dropped"] == 1
        await wait_until(lambda: not replica.mirror.catalog.inventory.holdings, "the record is dropped")
        assert (await replica.call("GET", f"{PATH}/a")).status == 404
