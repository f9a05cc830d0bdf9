"""One look at one endpoint's port: whether it accepts, or answers HTTP as it should.

Invariant: a look goes to an address and port that were registered, and nowhere else: no name is looked up, no redirect
followed, no proxy asked, nothing sent that a registration could choose but the path, and a bounded reply read.
"""

from __future__ import annotations

import asyncio
import errno
import re
from typing import Literal

from dnsd.model.health import Failing, HealthCheck
from dnsd.model.names import is_ipv6

Seen = Failing | Literal["passes", "unknown"]
"""``unknown``: it was this replica that could not look."""

STATUS_LINE_OCTETS_MOST = 4096
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]{1,8} ([0-9]{3})[ \r\n]")
_OUR_FAULTS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM}
_UNPRINTABLE = re.compile(r"[^!-~]")


async def look(check: HealthCheck, address: str, port: int, replica: str) -> Seen:
    """What is seen at ``address`` and ``port`` within the check's timeout; ``replica`` says who looks."""
    try:
        async with asyncio.timeout(check.timeout_seconds):
            reader, writer = await asyncio.open_connection(address, port, limit=STATUS_LINE_OCTETS_MOST)
            try:
                return "passes" if check.type == "tcp" else await _ask(check, reader, writer, address, port, replica)
            finally:
                writer.close()
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionError, asyncio.IncompleteReadError):
        return "closed"
    except asyncio.LimitOverrunError:
        return "not-http"
    except OSError as fault:
        return "unknown" if fault.errno in _OUR_FAULTS else "unreachable"


async def _ask(
    check: HealthCheck,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    address: str,
    port: int,
    replica: str,
) -> Seen:
    host = f"[{address}]" if is_ipv6(address) else address
    agent = _UNPRINTABLE.sub("-", replica)
    lines = (f"GET {check.path} HTTP/1.1", f"Host: {host}:{port}", f"User-Agent: dnsd-health/{agent}", "Accept: */*")
    writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode("ascii"))
    found = _STATUS_LINE.match(await reader.readuntil(b"\n"))
    if found is None:
        return "not-http"
    return "passes" if 200 <= int(found[1]) < 400 else "status"
