"""Which process holds a port: read from /proc, as far as this user may see."""

from __future__ import annotations

import os
import pwd
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

UNKNOWN = "another process"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of /proc/net/udp and its like: bound address and port, owner, socket inode (0: no process has it)."""

    host: IPv4Address | IPv6Address
    port: int
    uid: int
    inode: int


def holder_of(protocol: str, host: str, port: int, proc: Path = Path("/proc")) -> str:
    """Who holds ``port`` of ``protocol`` (``udp``, ``tcp``) where ``host`` would be bound, in words."""
    wanted = ip_address(host)
    for entry in _entries(protocol, proc):
        if entry.port == port and _collide(entry.host, wanted):
            return _name_of(entry, proc)
    return UNKNOWN


def _entries(protocol: str, proc: Path) -> Iterator[Entry]:
    for table in (protocol, f"{protocol}6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            host, _, port = fields[1].partition(":")
            yield Entry(_address(host), int(port, 16), int(fields[7]), int(fields[9]))


def _address(text: str) -> IPv4Address | IPv6Address:
    """An address as /proc prints it: words of 32 bits in the machine's own order, in hexadecimal."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return ip_address(struct.pack(f"={len(words)}I", *words))


def _collide(held: IPv4Address | IPv6Address, wanted: IPv4Address | IPv6Address) -> bool:
    if held.version != wanted.version:
        # A holder of :: without IPV6_V6ONLY has every IPv4 address too; /proc does not show which it is.
        return isinstance(held, IPv6Address) and held.is_unspecified
    return held == wanted or held.is_unspecified or wanted.is_unspecified


def _name_of(entry: Entry, proc: Path) -> str:
    link = f"socket:[{entry.inode}]"
    for process in proc.glob("[0-9]*"):
        try:
            if any(os.readlink(descriptor) == link for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            # Another user's process, or one that has just ended.
            continue
    return f"a process of user {_user_name(entry.uid)}"


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
