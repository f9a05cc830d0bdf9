import os
import socket
from pathlib import Path

import pytest

from dnsd.server.holders import UNKNOWN, holder_of

LINE = (
    "   0: {host}:{port:04X} 00000000:0000 07 00000000:00000000 00:00000000 00000000 {uid:5d}        0 {inode} 2 0 0\n"
)


@pytest.fixture
def proc(tmp_path: Path):
    """A /proc with one process 42 named nsd that has socket 777 open."""
    (tmp_path / "net").mkdir()
    descriptors = tmp_path / "42" / "fd"
    descriptors.mkdir(parents=True)
    (tmp_path / "42" / "comm").write_text("nsd\n")
    (descriptors / "3").symlink_to("socket:[777]")
    return tmp_path


def _bind(proc: Path, table: str, host: str, port: int, inode: int = 777, uid: int = 0) -> None:
    line = LINE.format(host=host, port=port, uid=uid, inode=inode)
    (proc / "net" / table).write_text("  sl  local_address ...\n" + line)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_holder_of_a_real_socket_is_this_process(family, host, kind):
    with socket.socket(family, kind) as held:
        held.bind((host, 0))
        if kind == socket.SOCK_STREAM:
            held.listen()
        words = holder_of("udp" if kind == socket.SOCK_DGRAM else "tcp", host, held.getsockname()[1])
    assert words.endswith(f"(pid {os.getpid()})")


@pytest.mark.parametrize(
    ("table", "held", "wanted"),
    [
        ("udp", "0100007F", "127.0.0.1"),
        ("udp", "0100007F", "0.0.0.0"),
        ("udp", "00000000", "192.0.2.1"),
        ("udp6", "00000000000000000000000000000000", "127.0.0.1"),
        ("udp6", "00000000000000000000000001000000", "::1"),
        ("udp6", "00000000000000000000000001000000", "::"),
    ],
)
def test_equal_and_wildcard_addresses_collide(proc, table, held, wanted):
    _bind(proc, table, held, 53)
    assert holder_of("udp", wanted, 53, proc) == "nsd (pid 42)"


@pytest.mark.parametrize(
    ("table", "held", "wanted", "port"),
    [
        ("udp", "0100007F", "127.0.0.2", 53),
        ("udp", "0100007F", "127.0.0.1", 54),
        ("udp6", "00000000000000000000000001000000", "127.0.0.1", 53),
        ("tcp", "0100007F", "127.0.0.1", 53),
    ],
)
def test_what_does_not_collide_holds_nothing(proc, table, held, wanted, port):
    _bind(proc, table, held, 53)
    assert holder_of("udp", wanted, port, proc) == UNKNOWN


def test_a_process_that_may_not_be_seen_is_told_by_its_user(proc):
    _bind(proc, "tcp", "0100007F", 53, inode=778, uid=0)
    assert holder_of("tcp", "127.0.0.1", 53, proc) == "a process of user root"


def test_a_user_without_a_name_is_told_by_number(proc):
    _bind(proc, "tcp", "0100007F", 53, inode=778, uid=61234)
    assert holder_of("tcp", "127.0.0.1", 53, proc) == "a process of user 61234"


def test_without_a_proc_file_system_nobody_is_named(tmp_path):
    assert holder_of("udp", "127.0.0.1", 53, tmp_path) == UNKNOWN
