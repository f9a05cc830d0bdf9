"""Zone files as a catalog, without a server."""

import pytest

from dnsd.cli.failures import CommandFailed
from dnsd.cli.offline import catalog_of_files
from dnsd.model.names import name_from_text


def test_wrong_files_are_told_and_left_out(tmp_path, capsys):
    (tmp_path / "example.org.zone").write_text("$TTL 60\n@ SOA ns host 7 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n")
    (tmp_path / "example.net.zone").write_text("nonsense\n")
    table = catalog_of_files(tmp_path, "ask").table
    assert name_from_text("example.org") in table.zones
    assert name_from_text("example.net") not in table.zones
    assert "dnsd ask:" in capsys.readouterr().err


def test_no_zone_is_a_failure(tmp_path):
    with pytest.raises(CommandFailed, match="no zone"):
        catalog_of_files(tmp_path, "ask")
