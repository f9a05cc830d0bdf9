"""``dnsd check``: settings and zone files, every problem told, and the exit status that a script can trust."""

import json
from pathlib import Path

import pytest

from dnsd.cli.main import main

ZONES = str(Path(__file__).parents[2] / "zones")
GOOD = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.7\n"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("DNSD_CONFIG", "DNSD_ZONE", "DNSD_ZONES", "DNSD_WORKERS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def check(capsys):
    def run(*words):
        try:
            status = main(["check", *words])
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "good.org.zone").write_text(GOOD)
    return tmp_path


def test_the_shipped_zones_are_right(check):
    assert check("--zones", ZONES) == (0, ["1 zone with 41 records; 0 problems, 0 warnings"], "")


def test_nothing_to_check_is_right(check):
    assert check() == (0, ["0 zones with 0 records; 0 problems, 0 warnings"], "")


def test_every_problem_of_every_file_is_told(check, folder):
    zones = folder / "zones"
    (zones / "bad.org.zone").write_text(GOOD + "a A x\nb CNAME c\nb A 192.0.2.1\n")
    (zones / "cluster.local.zone").write_text(GOOD)
    status, out, err = check("--zones", str(zones))
    assert status == 1
    assert out == [
        f"{zones}/bad.org.zone:5: 'x' is not an IPv4 address",
        f"{zones}/bad.org.zone:7: CNAME and A at b.bad.org.: an alias has no other data (RFC 1034 3.6.2)",
        f"{zones}/cluster.local.zone:1: cluster.local. is the registry's own zone cluster.local.",
        "1 zone with 3 records; 3 problems, 0 warnings",
    ]
    assert err == "dnsd check: 3 problems; dnsd would not serve this as it is meant\n"


def test_warnings_do_not_count(check, folder):
    (folder / "zones" / "good.org.zone").write_text(GOOD + "@ MX 1 mail\n")
    status, out, err = check("--zones", str(folder / "zones"))
    assert (status, err) == (0, "")
    assert out == [
        f"{folder}/zones/good.org.zone:5: warning: MX target mail.good.org. has no address in this zone",
        "1 zone with 4 records; 0 problems, 1 warning",
    ]


def test_a_configuration_with_the_zones_that_it_names(check, folder):
    config = folder / "dnsd.toml"
    config.write_text(f'workers = 2\nzone = ["corp.example"]\nzones = "{folder}/zones"\n')
    assert check("--config", str(config)) == (0, ["1 zone with 3 records; 0 problems, 0 warnings"], "")
    (folder / "zones" / "corp.example.zone").write_text(GOOD)
    status, out, _ = check("--config", str(config))
    assert (status, out[0].rpartition(":")[2]) == (1, " corp.example. is the registry's own zone corp.example.")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("\nworkers = 65\n", "dnsd.toml:2"),
        ("wrokers = 1\n", "dnsd.toml:1: unknown setting 'wrokers'; is 'workers' meant?"),
        ("workers = \n", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_told_and_the_zones_are_checked_all_the_same(check, folder, text, what):
    config = folder / "dnsd.toml"
    config.write_text(text)
    status, out, err = check("--config", str(config), "--zones", str(folder / "zones"))
    assert status == 1
    assert what in out[0]
    assert out[1] == "1 zone with 3 records; 1 problem, 0 warnings"
    assert err.startswith("dnsd check: 1 problem;")


def test_the_environment_counts(check, monkeypatch, folder):
    monkeypatch.setenv("DNSD_ZONES", str(folder / "zones"))
    monkeypatch.setenv("DNSD_WORKERS", "many")
    status, out, _ = check()
    assert status == 1
    assert "DNSD_WORKERS" in out[0]


def test_what_is_not_there(check, folder):
    status, out, _ = check("--zones", str(folder / "gone"))
    assert (status, out[0]) == (1, f"{folder}/gone:1: cannot be read: No such file or directory")
    status, out, _ = check("--config", str(folder / "gone.toml"))
    assert status == 1
    assert "gone.toml" in out[0]


def test_for_programs(check, folder):
    (folder / "zones" / "bad.org.zone").write_text("x\n")
    status, out, _ = check("--zones", str(folder / "zones"), "--output", "json")
    assert status == 1
    assert json.loads("\n".join(out)) == {
        "zones": [{"name": "good.org.", "file": f"{folder}/zones/good.org.zone", "records": 3}],
        "problems": [f"{folder}/zones/bad.org.zone:1: type is missing"],
        "warnings": [],
    }


def test_a_wrong_call(check):
    status, out, err = check("--zone")
    assert (status, out) == (2, [])
    assert err.count("\n") == 1


def test_keys_that_cannot_be_used_are_a_problem(console, tmp_path):
    keys, settings = tmp_path / "keys", tmp_path / "dnsd.toml"
    keys.write_text("one:c2VjcmV0IHNlY3JldA==\n")
    keys.chmod(0o600)
    settings.write_text(f"tsig_keys = '{keys}'\ntransfer_to = ['one']\n")
    assert console.call("check", "--config", str(settings)).status == 0
    settings.write_text(f"tsig_keys = '{keys}'\ntransfer_to = ['other']\n")
    done = console.call("check", "--config", str(settings))
    assert (done.status, "names a key that is not in the file" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('root_token_file = "{folder}/none"', "root_token_file"),
        ('tls_cert = "{folder}/none"\ntls_key = "{folder}/none"', "tls_cert"),
        ('redis = "redis://192.0.2.1/?bogus=1"', "redis"),
        ('redis = "http://192.0.2.1/"', "redis"),
    ],
)
def test_what_only_a_start_would_find_is_found(check, folder, line, named):
    config = folder / "dnsd.toml"
    config.write_text(line.format(folder=folder) + "\n")
    status, out, _ = check("--config", str(config))
    assert status == 1
    assert named in out[0]
