"""Packets as real clients send them, for the corpus: run as root, ``PYTHONPATH=tests python tests/fuzz/capture.py``.

It enters network and mount namespaces of its own, answers on port 53 there as dnsd would, and lets every client that
is installed ask. What they sent is written to ``corpus/<client>.<mark>``, each shape of packet once, its id set to one
number. Clients that are missing are named and their packets stay as they are; clients named as arguments ask alone.
"""

import hashlib
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fuzz.clients import CLIENTS, RESOLV, Client
from fuzz.test_respond import CORPUS, PEER, catalog_table, terms_of_a_primary

from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.model.message import Transfer

PORT = 53
SHAPES_MOST = 64
SECONDS = 60
ID = b"\x12\x34"


class Recorder:
    """Answers as dnsd does, and keeps what was asked, one packet a shape."""

    def __init__(self) -> None:
        self.shapes: dict[tuple[object, ...], bytes] = {}
        self._table = catalog_table()
        self._terms = {False: Terms(), True: terms_of_a_primary()}
        for terms in self._terms.values():
            terms.now = int(time.time())

    def answers(self, packet: bytes, is_tcp: bool) -> Iterator[bytes]:
        """The replies to a packet, which is kept."""
        kept = ID + packet[2:]
        self.shapes.setdefault(shape(kept, is_tcp), kept)
        outcome = respond(packet, PEER, 0, self._table, self._terms[is_tcp])
        if isinstance(outcome, Transfer):
            yield from filter(None, outcome.messages)
        elif isinstance(outcome, tuple):
            yield outcome[0]


def shape(packet: bytes, is_tcp: bool) -> tuple[object, ...]:
    """What tells packets of one client apart: flags, counts, length of the name, type and what stands behind it."""
    end = packet.find(b"\0", 12) + 1
    return is_tcp, packet[2:12], end, packet[end : end + 4], len(packet), packet[end + 4 : end + 20]


@contextmanager
def serving(recorder: Recorder) -> Iterator[None]:
    """Answer on port 53 of loopback."""

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            packet, sock = self.request
            for reply in recorder.answers(packet, is_tcp=False):
                sock.sendto(reply, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while length := self.rfile.read(2):
                for reply in recorder.answers(self.rfile.read(int.from_bytes(length)), is_tcp=True):
                    self.wfile.write(len(reply).to_bytes(2) + reply)

    udp = socketserver.ThreadingUDPServer(("127.0.0.1", PORT), Udp)
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    tcp = socketserver.ThreadingTCPServer(("127.0.0.1", PORT), Tcp)
    tcp.daemon_threads = udp.daemon_threads = True
    tcp.block_on_close = udp.block_on_close = False
    for each in (udp, tcp):
        threading.Thread(target=each.serve_forever, daemon=True).start()
    yield
    for each in (udp, tcp):
        each.shutdown()
        each.server_close()


def ask(client: Client, folder: Path) -> bool:
    """Let a client ask all it has to; False when it is not installed."""
    if not all(shutil.which(word) for word in client.needs):
        return False
    for name, text in client.files.items():
        (folder / name).write_text(text)
    if client.build:
        subprocess.run(client.build, cwd=folder, check=True, timeout=SECONDS)
    helper = subprocess.Popen(client.helper, cwd=folder) if client.helper else None
    try:
        for command in client.commands:
            subprocess.run(command, cwd=folder, timeout=SECONDS, check=False, capture_output=True)
    finally:
        if helper is not None:
            helper.terminate()
            helper.wait(SECONDS)
    return True


def capture() -> None:
    for client in CLIENTS:
        if sys.argv[2:] and client.name not in sys.argv[2:]:
            continue
        recorder = Recorder()
        with tempfile.TemporaryDirectory() as folder, serving(recorder):
            if not ask(client, Path(folder)):
                print(f"{client.name}: not here ({', '.join(client.needs)})")
                continue
        packets = list(recorder.shapes.values())[:SHAPES_MOST]
        print(f"{client.name}: {len(packets)} of {len(recorder.shapes)} shapes")
        for old in CORPUS.glob(f"{client.name}.*") if packets else ():
            old.unlink()
        for packet in packets:
            mark = hashlib.sha1(packet, usedforsecurity=False).hexdigest()[:10]
            (CORPUS / f"{client.name}.{mark}").write_bytes(packet)


UP = (
    "ip link set lo up",
    "ip link add up0 type veth peer name up1",
    "ip addr add 192.0.2.9/24 dev up0",
    "ip link set up0 up",
    "ip link set up1 up",
)
"""A network that looks like one: systemd-resolved asks nobody while there is only loopback."""
USERS = {"passwd": "systemd-resolve:x:64999:64999::/:/bin/false\n", "group": "systemd-resolve:x:64999:\n"}
"""Its user, should it have been unpacked and not installed (an entry before this one counts)."""


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        capture()
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "resolv.conf").write_text(RESOLV)
        for file, entry in USERS.items():
            (folder / file).write_text(Path("/etc", file).read_text() + entry)
        binds = [f'mount --bind {folder / file} "$(readlink -f /etc/{file})"' for file in ("resolv.conf", *USERS)]
        script = " && ".join(("mount -t tmpfs tmpfs /run", "mkdir -m 755 /run/systemd", *binds, *UP, 'exec "$@"'))
        words = [
            "unshare",
            "--net",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            sys.executable,
            __file__,
            "inside",
            *sys.argv[1:],
        ]
        subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
