"""``dnsd status`` against a real server, and one that is not ready."""


def test_ready(console):
    told = console.call("status")
    assert told.status == 0
    assert ["ready", "True"] in told.rows
    assert console.call("status", "-o", "json").document["connected"] is True


def test_leaving(capsys):
    from dnsd.cli.main import main

    assert main(["status", "--server", "http://127.0.0.1:1"]) == 1
    assert "connection refused" in capsys.readouterr().err
