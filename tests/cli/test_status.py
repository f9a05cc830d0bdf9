"""``dnsd status`` against a real server, and one that is not ready."""

import urllib.error
import urllib.request

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
