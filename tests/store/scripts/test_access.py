"""Tokens and the audit in the store: versions that only rise, and what is done noted in the step that does it."""

import asyncio

import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.store.operations import AccessChange, delete, put


def put_token(identifier: str, text: str = "{}") -> AccessChange:
    return AccessChange("put", f"created token {identifier}", {identifier: text})


def number_of(version: str) -> int:
    return int(version.partition(" ")[0])


async def test_tokens_come_and_go(store) -> None:
    assert await store.tokens("") is None
    assert await store.write_access(put_token("a", "one"), 0)
    version, texts = await store.tokens("")
    assert (number_of(version), texts) == (1, {"a": "one"})
    assert await store.tokens(version) is None
    assert await store.write_access(AccessChange("remove", "revoked a", {"a": ""}), 0)
    assert await store.tokens(version) == ((await store.tokens(""))[0], {})
    assert not await store.write_access(AccessChange("remove", "revoked a", {"a": ""}), 0)


async def test_a_number_that_a_mirror_knows_is_not_used_again(store) -> None:
    await store.write_access(put_token("a"), 7)
    assert number_of((await store.tokens(""))[0]) == 8


async def test_what_a_store_lost_is_put_back_whole_once(store) -> None:
    back = AccessChange("refill", "", {"a": "one", "b": "two"}, 5)
    assert await asyncio.gather(*(store.write_access(back, 5) for _ in range(3))) == [True, False, False]
    version, texts = await store.tokens("")
    assert (number_of(version), texts) == (6, {"a": "one", "b": "two"})
    await store.write_access(AccessChange("remove", "", {"a": ""}), 6)
    assert not await store.write_access(back, 5), "a revoked token does not come back"


async def test_the_audit_tells_what_came_of_each_operation(store, web_1, make_endpoint) -> None:
    await store.write([put(web_1)], 0, "author one")
    await store.write([put(web_1)], 0, "a heartbeat")
    await store.write([put(make_endpoint("b"))], 0)
    await store.write([delete(web_1.key), put(make_endpoint("b", weight=7))], 0, "author two")
    await store.write_access(put_token("a"), 0, "author three")
    await store.write_access(AccessChange("note", "adopted the store"), 0, "author four")
    told = [(fields["by"], fields["revision"], fields["what"]) for _, fields in reversed(await store.audit(10))]
    assert told == [
        ("author one", "1", "created endpoint default/web/web-1"),
        ("author two", "3", "deleted endpoint default/web/web-1; changed endpoint default/web/b"),
        ("author three", "3", "created token a"),
        ("author four", "3", "adopted the store"),
    ]


async def test_the_audit_in_pages_and_a_batch_cut_short(store, make_endpoint) -> None:
    await store.write([put(make_endpoint(f"e{number}")) for number in range(103)], 0, "somebody")
    await store.write([put(make_endpoint("last"))], 0, "somebody")
    [(newest, fields)] = await store.audit(1)
    assert fields["what"] == "created endpoint default/web/last"
    [(_, fields)] = await store.audit(10, newest)
    assert fields["what"].count(";") == 100
    assert fields["what"].endswith("; and 3 more")


async def test_strangers_keys_are_refused_before_anything_is_written(store, server, web_1) -> None:
    server.ask("SET", store.keys.audit, "not a stream")
    with pytest.raises(StoreUnavailable, match="audit is a string"):
        await store.write([put(web_1)], 0, "somebody")
    assert await store.endpoint(web_1.key) is None
