"""A name server on real sockets for tests of clients: answers over UDP and TCP by a function of the test."""

import selectors
import socket
import threading
from collections.abc import Callable
from types import TracebackType

Answer = Callable[[bytes, bool], list[bytes]]
"""Packet, whether it came over TCP -> packets to send back in order; none: silence, or the connection's end."""


class NameServer:
    """Serves on one free port of 127.0.0.1 while it is entered. ``asked`` are ("UDP" or "TCP", packet)."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self._answer = answer
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._end, self._ending = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._ending.close()
        self._thread.join()
        for sock in (self._tcp, self._udp, self._end):
            sock.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in (self._tcp, self._udp, self._end):
                selector.register(sock, selectors.EVENT_READ)
            while self._end not in (ready := [key.fileobj for key, _ in selector.select()]):
                if self._udp in ready:
                    self._serve_udp()
                if self._tcp in ready:
                    self._serve_tcp()

    def _serve_udp(self) -> None:
        packet, peer = self._udp.recvfrom(65_535)
        self.asked.append(("UDP", packet))
        for reply in self._answer(packet, False):
            self._udp.sendto(reply, peer)

    def _serve_tcp(self) -> None:
        connection, _ = self._tcp.accept()
        with connection, connection.makefile("rb") as stream:
            packet = stream.read(int.from_bytes(stream.read(2), "big"))
            self.asked.append(("TCP", packet))
            for reply in self._answer(packet, True):
                framed = len(reply).to_bytes(2, "big") + reply
                for octet in framed[:4]:
                    connection.sendall(bytes((octet,)))  # a frame comes in any pieces
                connection.sendall(framed[4:])
