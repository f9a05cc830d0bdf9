"""Alert rules and dashboard: promtool finds them sound, and every series that they name is one that dnsd has."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from room import require

from dnsd.admin.families import Families
from dnsd.admin.metrics import MetricsCalls
from dnsd.runtime.metrics import COUNTERS, GAUGES

FOLDER = Path(__file__).parents[2] / "docs" / "monitoring"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
_SERIES = re.compile(r"\bdnsd_[a-z_]+")


def promtool(*words: str) -> str:
    """What promtool prints; it must succeed."""
    require("promtool")
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60, check=False, cwd=FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_alert_rules_are_sound_and_raised_when_they_should_be():
    assert "12 rules found" in promtool("check", "rules", "alerts.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(EXPRESSIONS)
    ]
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(EXPRESSIONS)} rules found" in promtool("check", "rules", str(path))


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_every_series_that_is_named_is_one_of_ours(name):
    named = set(_SERIES.findall((FOLDER / name).read_text("utf-8")))
    source = "".join(
        Path(each.__code__.co_filename).read_text("utf-8") for each in (Families.collect, MetricsCalls.show)
    )
    ours = {*COUNTERS, *GAUGES, *_SERIES.findall(source), "dnsd_dns_turn_duration_seconds"}
    stems = {re.sub(r"_(total|bucket)$", "", series) for series in named}
    assert stems
    assert stems - ours == set()


def test_panels_do_not_overlap_and_have_titles():
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) >= 12
    assert all(panel["title"] for panel in DASHBOARD["panels"])
