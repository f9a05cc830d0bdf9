"""A network namespace for whoever starts servers from this thread: nobody else's ports, nobody else's packets."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x4000_0000


@contextmanager
def own_loopback() -> Iterator[bool]:
    """This thread, and all that is started from it, with a loopback of its own; False where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as before:
        is_own = os.geteuid() == 0 and libc.unshare(CLONE_NEWNET) == 0
        if is_own:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield is_own
        if is_own:
            assert libc.setns(before.fileno(), CLONE_NEWNET) == 0
