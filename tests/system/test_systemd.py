"""What ``systemd/`` ships: the unit, the settings file, the drop-in for systemd-resolved."""

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from room import require

from dnsd.config import load
from dnsd.config.options import OPTIONS

SYSTEMD = Path(__file__).parents[2] / "systemd"
EXPOSURE_MOST = 2.0


def settings_lines():
    """Name and TOML text of every setting line in dnsd.toml, commented out or not."""
    lines = (SYSTEMD / "dnsd.toml").read_text().splitlines()
    matches = [re.fullmatch(r"(?:# )?([a-z_]+) = (.*)", line) for line in lines]
    return [(match[1], match[2]) for match in matches if match]


def test_the_settings_file_names_every_setting_once_in_the_order_of_the_help():
    assert [name for name, _ in settings_lines()] == list(OPTIONS)


@pytest.mark.parametrize(("name", "text"), settings_lines())
def test_the_settings_file_shows_the_default_or_an_example(name, text):
    option = OPTIONS[name]
    shown = tomllib.loads(f"value = {text}")["value"]
    expected = option.default if option.default is not None else option.example
    if name != "dns":
        assert option.read(shown) == option.read(expected)


def test_the_settings_file_is_good_as_it_is_and_with_every_line_uncommented(tmp_path):
    as_it_is = load({"config": str(SYSTEMD / "dnsd.toml")}, {})
    assert str(as_it_is.dns[0]) == "127.0.0.1:53"
    everything = tmp_path / "dnsd.toml"
    # Certificates of clients are of use only with tokens, which the file shows by their default: off.
    lines = {**dict(settings_lines()), "tokens": "true"}
    everything.write_text("\n".join(f"{name} = {text}" for name, text in lines.items()))
    assert load({"config": str(everything)}, {}).replica == "dns-1"


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that exists here: systemd-analyze looks for it."""
    text = (SYSTEMD / "dnsd.service").read_text()
    path = tmp_path / "dnsd.service"
    path.write_text(text.replace("/opt/dnsd/bin/dnsd", shutil.which("true")))
    return path


def test_the_unit_is_verified_without_a_word(unit):
    require("systemd-analyze")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False, timeout=60
    )
    said = [line for line in (verified.stdout + verified.stderr).splitlines() if "dnsd" in line]
    assert (verified.returncode, said) == (0, [])


def test_the_units_exposure_is_low(unit):
    require("systemd-analyze")
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout
    assert float(re.search(r"exposure level for dnsd.service: ([0-9.]+)", told)[1]) <= EXPOSURE_MOST


def test_the_unit_speaks_the_protocol_that_the_program_speaks():
    unit = configparser.ConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str
    unit.read(SYSTEMD / "dnsd.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed"  # else systemd ends the store before the responders
    assert service["RestartPreventExitStatus"] == "2"
    assert "CAP_NET_BIND_SERVICE" in service["AmbientCapabilities"]


def test_the_drop_in_sends_our_zone_to_where_the_settings_file_listens():
    drop_in = configparser.ConfigParser(comment_prefixes=("#",))
    drop_in.optionxform = str
    drop_in.read(SYSTEMD / "resolved.conf.d" / "dnsd.conf")
    settings = load({"config": str(SYSTEMD / "dnsd.toml")}, {})
    assert drop_in["Resolve"]["DNS"] == settings.dns[0].host
    assert drop_in["Resolve"]["Domains"] == f"~{settings.zone[0]}"
    # Names below local are not validated anyway (test_resolved_boot.py), those of all others go on to be.
    assert "DNSSEC" not in drop_in["Resolve"]
