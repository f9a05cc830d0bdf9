"""Ports for servers of a test's own."""

import random
import socket
from contextlib import suppress

LEAST, OVER = 10_000, 32_768
"""Below those that Linux gives to clients by default (``ip_local_port_range``): while the server is down, a client
could be given the very port that it asks, would hear itself, and nobody could start there.
"""
_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this address that nobody has now, neither for TCP nor for UDP; none is given twice."""
    while True:
        port = random.randrange(LEAST, OVER)
        with suppress(OSError), socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((host, port))
            udp.bind((host, port))
            if port not in _given:
                _given.add(port)
                return port
