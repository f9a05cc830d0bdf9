"""Tokens on several replicas: there and gone everywhere, with the store away, after a restart, and never lost."""

import asyncio
import json
import logging

import pytest

from dnsd.codec.audit import Author
from dnsd.model.errors import Conflict, InvalidRecord, NotFound, StoreUnavailable
from dnsd.model.token import parts_of
from dnsd.registry.tokens import Tokens
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tasks import Tasks

BODY = {"name": "ci", "grants": [{"verbs": ["read"]}]}
AUTHOR = Author("alice", "192.0.2.1", "one", 10)


@pytest.fixture
async def make_tokens(make_store, prefix):
    tasks = Tasks("test")

    def make(server, file=None):
        tokens = Tokens(make_store(server.url, prefix, write_seconds=1.0), SystemClock(), file)
        tasks.start("tokens", tokens.run())
        return tokens

    yield make
    failed = tasks.failed.is_set()
    await tasks.stop()
    assert not failed


async def test_made_and_revoked_everywhere(server, make_tokens, eventually) -> None:
    one, two = make_tokens(server), make_tokens(server)
    token, text = await one.create(BODY, AUTHOR)
    identifier, secret = parts_of(text)
    assert (identifier, one.by_id(identifier)) == (token.id, token)
    assert token.is_proved_by(secret)
    await eventually(lambda: two.by_id(identifier) == token)
    assert await two.revoke(identifier, AUTHOR) == token
    assert two.by_id(identifier) is None
    await eventually(lambda: one.by_id(identifier) is None)
    with pytest.raises(NotFound):
        await one.revoke(identifier, AUTHOR)


async def test_the_secret_is_nowhere(server, make_tokens, tmp_path, prefix, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = make_tokens(server, tmp_path / "mirror" / "tokens")
    _, text = await tokens.create(BODY, AUTHOR)
    secret = parts_of(text)[1]
    kept = (tmp_path / "mirror" / "tokens").read_text()
    stored = server.ask("HVALS", f"{{{prefix}}}:tokens")
    assert parts_of(text)[0] in kept
    assert parts_of(text)[0] in stored
    for place in (kept, stored, caplog.text, repr(tokens.all())):
        assert secret not in place
    assert (tmp_path / "mirror" / "tokens").stat().st_mode & 0o777 == 0o600


async def test_tokens_made_at_once_are_all_kept(server, make_tokens, tmp_path, caplog) -> None:
    tokens = make_tokens(server, tmp_path / "tokens")
    made = await asyncio.gather(*[tokens.create(BODY, AUTHOR) for _ in range(12)])
    kept = json.loads((tmp_path / "tokens").read_text())["tokens"]
    assert kept.keys() == {token.id for token, _ in made}
    assert "cannot be kept" not in caplog.text


async def test_a_subject_has_one_token(server, make_tokens) -> None:
    tokens = make_tokens(server)
    token, text = await tokens.create(BODY | {"subject": "CN=a"}, AUTHOR)
    assert text is None
    assert tokens.of_subjects(["CN=b", "CN=a"]) == token
    assert tokens.of_subjects([]) is None
    with pytest.raises(Conflict, match=token.id):
        await tokens.create(BODY | {"subject": "CN=a"}, AUTHOR)


async def test_what_makes_no_token_is_not_stored(server, make_tokens) -> None:
    tokens = make_tokens(server)
    with pytest.raises(InvalidRecord):
        await tokens.create(BODY | {"grants": []}, AUTHOR)
    assert tokens.all() == []


async def test_with_the_store_away_after_a_restart_too(make_server, make_tokens, eventually, tmp_path) -> None:
    own = make_server("redis")
    first = make_tokens(own, tmp_path / "tokens")
    token, _ = await first.create(BODY, AUTHOR)
    own.kill()
    second = make_tokens(own, tmp_path / "tokens")
    await eventually(lambda: second.is_loaded)
    assert first.by_id(token.id) == second.by_id(token.id) == token
    with pytest.raises(StoreUnavailable):
        await second.revoke(token.id, AUTHOR)
    assert second.by_id(token.id) == token


async def test_without_store_and_file_nothing_is_known(make_server, make_tokens, tmp_path) -> None:
    own = make_server("redis")
    own.kill()
    (tmp_path / "tokens").write_text('{"version": 7}')
    tokens = make_tokens(own, tmp_path / "tokens")
    with pytest.raises(StoreUnavailable):
        await tokens.look()
    assert not tokens.is_loaded


async def test_a_store_that_lost_them_gets_them_back_and_no_revoked_one(
    make_server, make_tokens, eventually, prefix
) -> None:
    own = make_server("redis")
    one, two = make_tokens(own), make_tokens(own)
    kept, _ = await one.create(BODY, AUTHOR)
    gone, _ = await one.create(BODY, AUTHOR)
    await one.revoke(gone.id, AUTHOR)
    await eventually(lambda: [each.id for each in two.all()] == [kept.id])
    own.ask("FLUSHALL")
    await eventually(lambda: kept.id in own.ask("HKEYS", f"{{{prefix}}}:tokens"))
    assert gone.id not in own.ask("HKEYS", f"{{{prefix}}}:tokens")
    late, _ = await two.create(BODY, AUTHOR)
    await eventually(lambda: {each.id for each in one.all()} == {kept.id, late.id})


async def test_garbage_in_the_store_lets_nobody_in(server, make_tokens, prefix, eventually, caplog) -> None:
    tokens = make_tokens(server)
    token, _ = await tokens.create(BODY, AUTHOR)
    text = server.ask("HGET", f"{{{prefix}}}:tokens", token.id).split("\r\n")[1]
    stolen = json.dumps(json.loads(text) | {"id": "f" * 16})
    server.ask("HSET", f"{{{prefix}}}:tokens", "x", "{", "0" * 16, stolen)
    server.ask("HSET", f"{{{prefix}}}:meta", "tokens", "50 other")
    await eventually(lambda: "makes no sense" in caplog.text)
    assert [each.id for each in tokens.all()] == [token.id]
