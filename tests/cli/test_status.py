"""``dnsd status`` against a real server, and one that is not ready."""

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from faults.replica import Replica, until

from dnsd.cli.main import main


def test_ready(console):
    told = console.call("status")
    assert told.status == 0
    assert ["ready", "True"] in told.rows
    assert console.call("status", "-o", "json").document["connected"] is True


def test_not_ready(tmp_path, capsys):
    replica = Replica(tmp_path, "redis://127.0.0.1:1").start()

    def is_unready():
        try:
            urllib.request.urlopen(f"{replica.url}/readyz", timeout=1).close()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code == 503
        except OSError:
            return False

    try:
        until(is_unready, "it says that it is not ready")
        # Whoever is asked first is shown, also where another one is better.
        assert main(["status", "--server", replica.url, "--server", "http://127.0.0.1:1"]) == 1
    finally:
        replica.kill()
    told = capsys.readouterr()
    rows = [line.split(None, 1) for line in told.out.splitlines()]
    assert ["ready", "False"] in rows
    assert told.err.startswith("dnsd status: one is not ready: connection: the store at redis://127.0.0.1:1")


def test_nobody_there(capsys):
    assert main(["status", "--server", "http://127.0.0.1:1"]) == 1
    assert "connection refused" in capsys.readouterr().err


class _Stranger(BaseHTTPRequestHandler):
    """What a gateway says whose own dnsd is away."""

    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Type", "application/problem+json")
        self.end_headers()
        self.wfile.write(b'{"title":"no backend"}')

    def log_message(self, *_):
        pass


@pytest.fixture
def stranger():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_somebody_else_is_there(stranger, capsys):
    assert main(["status", "--server", stranger]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("dnsd status: what answered is no dnsd's /readyz")
    assert 'it said {"title": "no backend"}' in told.err
    assert told.err.count("\n") == 1
