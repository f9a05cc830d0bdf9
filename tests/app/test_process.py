import asyncio
import os
import signal
import socket
import subprocess
import sys

from dnsd.app.orders import Orders, post
from dnsd.app.process import Process, child_environment
from dnsd.config import load
from dnsd.model.errors import InvalidSetting
from dnsd.runtime.clock import SystemClock


def test_a_childs_environment_has_our_code_and_no_settings():
    environ = {
        "PATH": "/bin",
        "DNSD_REDIS": "redis://:secret@h",
        "NOTIFY_SOCKET": "/n",
        "WATCHDOG_USEC": "1",
        "LISTEN_FDS": "1",
        "PYTHONPATH": "/mine",
    }
    given = child_environment(environ)
    code, mine = given.pop("PYTHONPATH").split(os.pathsep)
    assert given == {"PATH": "/bin"}
    assert mine == "/mine"
    assert os.path.isfile(os.path.join(code, "dnsd", "app", "__main__.py"))


def test_a_child_is_not_misled_by_the_directory_that_we_were_started_in(tmp_path):
    (tmp_path / "redis.py").write_text("raise SystemExit('wrong module')")
    code = "import redis; print(redis.__file__)"
    told = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=child_environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(tmp_path) not in told


def test_a_hangup_or_an_interrupt_of_all_processes_leaves_the_children_alive(serve):
    running = serve()
    children = [running.child("control"), running.child("responder")]
    for pid in children:
        os.kill(pid, signal.SIGHUP)
        os.kill(pid, signal.SIGINT)
    assert running.register(1)[0] == 201
    assert running.answers("web.default.svc.cluster.local.", "A") == ["192.0.2.1"]
    assert [running.child("control"), running.child("responder")] == children


async def test_a_child_that_no_restart_mends_says_why_and_is_not_started_again():
    told = asyncio.get_running_loop().create_future()
    settings = load({}, {})
    with socket.socket() as admin:
        admin.bind(("127.0.0.1", 0))
        orders = Orders("control", settings, os.getpid(), "sentinel://h:1", "00" * 16, admin=admin.fileno())
        process = Process("control", orders, SystemClock(), told.set_result)
        process.start()
        assert process.pid is not None
        fault = await asyncio.wait_for(told, 20)
        assert isinstance(fault, InvalidSetting)
        assert "sentinel" in str(fault)
        assert process.pid is None
        assert not process.is_well(60)
        await process.reload()
        await process.stop(0)


async def test_a_child_whose_parent_is_another_ends_at_once():
    pipe = post(Orders("control", load({}, {}), os.getpid() + 1, "", ""))
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dnsd.app", "control", str(pipe), pass_fds=[pipe], env=child_environment(os.environ)
    )
    os.close(pipe)
    assert await asyncio.wait_for(ended.wait(), 20) == 1
