"""Binding of one socket, with the options that DNS wants, and with an error line that says what is in the way."""

from __future__ import annotations

import errno
import os
import socket

from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address
from dnsd.server.holders import holder_of

RECEIVE_BUFFER_OCTETS = 4 << 20
SEND_BUFFER_OCTETS = 1 << 20
# Not all of these are in Python's socket module; the numbers are Linux's, and refused or harmless elsewhere.
_IP_PKTINFO = 8
_IP_MTU_DISCOVER = 10
_IPV6_MTU_DISCOVER = 23
_PMTUDISC_OMIT = 5


def bind(address: Address, kind: socket.SocketKind, setting: str, *, is_shared: bool) -> socket.socket:
    """A socket of this kind on this address; ``is_shared``: with SO_REUSEPORT. Raises InvalidSetting."""
    bound = socket.socket(address.family, kind)
    try:
        bound.setblocking(False)
        if address.family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if kind == socket.SOCK_STREAM:
            # Connections of an earlier run in TIME_WAIT must not keep the port from us.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            _tune(bound, address)
        bound.bind((address.host, address.port))
    except OSError as fault:
        bound.close()
        raise InvalidSetting(f"{setting} {address}: {_reason(fault, address, kind)}".strip()) from fault
    return bound


def _tune(udp: socket.socket, address: Address) -> None:
    """Room for bursts, the asked address with each packet where it is not the bound one, no forged path MTU."""
    options = [
        (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_OCTETS),
    ]
    if address.family == socket.AF_INET6:
        options.append((socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_OMIT))
        if address.is_wildcard:
            options.append((socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1))
    else:
        options.append((socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_OMIT))
        if address.is_wildcard:
            options.append((socket.IPPROTO_IP, _IP_PKTINFO, 1))
    for level, name, value in options:
        _try_option(udp, level, name, value)


def _try_option(udp: socket.socket, level: int, name: int, value: int) -> None:
    # macOS refuses what it does not know and sizes above its limit: the server works without, only less well.
    try:
        udp.setsockopt(level, name, value)
    except OSError:
        return


def _reason(fault: OSError, address: Address, kind: socket.SocketKind) -> str:
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    if fault.errno == errno.EADDRINUSE:
        return f"{protocol} port {address.port} is taken by {holder_of(protocol, address.host, address.port)}"
    if fault.errno in (errno.EACCES, errno.EPERM):
        return f"port {address.port} needs CAP_NET_BIND_SERVICE (or root); ports from 1024 up do not"
    if fault.errno == errno.EADDRNOTAVAIL:
        return f"no interface of this machine has the address {address.host}"
    if fault.errno == errno.EAFNOSUPPORT:
        return "this machine has no IPv6" if ":" in address.host else "this machine has no IPv4"
    return os.strerror(fault.errno) if fault.errno else str(fault)
