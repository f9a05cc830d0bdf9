import socket

import pytest

from dnsd.runtime.notify import Notifier, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A service manager's socket and its address as $NOTIFY_SOCKET gives it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        name = str(tmp_path / "notify")
        door.bind(name if request.param == "path" else "\0" + name)
        door.settimeout(5)
        yield door, name if request.param == "path" else "@" + name


def test_what_is_told_arrives(manager):
    door, address = manager
    notifier = Notifier(address)
    notifier.ready("answering")
    notifier.reloading(1.5)
    notifier.stopping("lame duck")
    notifier.watchdog()
    assert [door.recv(4096) for _ in range(4)] == [
        b"READY=1\nSTATUS=answering",
        b"RELOADING=1\nMONOTONIC_USEC=1500000",
        b"STOPPING=1\nSTATUS=lame duck",
        b"WATCHDOG=1",
    ]


def test_without_a_manager_it_is_silent(caplog):
    Notifier().ready("answering")
    assert caplog.text == ""


def test_a_manager_that_is_gone_is_a_warning_once(tmp_path, caplog):
    notifier = Notifier(str(tmp_path / "nobody"))
    notifier.watchdog()
    notifier.watchdog()
    assert caplog.text.count("cannot be told") == 1


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_the_manager_wants_to_hear(environ, seconds):
    assert watchdog_seconds(environ, 42) == seconds
