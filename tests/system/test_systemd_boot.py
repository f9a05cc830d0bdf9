"""The unit under a real systemd, booted as pid 1 of namespaces of its own on a throw-away copy of this machine's root.

On demand: ``pytest -m long tests/system/test_systemd_boot.py``, as root. It builds a virtual environment with the
system's Python, which takes about a minute.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import MARKS, Machine, installed
from room import require

pytestmark = MARKS
DYNAMIC_USERS = range(61184, 65520)
"""The user ids of DynamicUser=, systemd.exec(5)."""
ZONE_FILE = "/etc/dnsd/zones/static.example.zone"
ZONES = "Environment=DNSD_ZONES=/etc/dnsd/zones"
ROLES = "control", "responder"
ZONE = "$ORIGIN static.example.\n$TTL 30\n@ SOA ns hostmaster 1 3600 600 604800 30\n@ NS ns\nns A 192.0.2.53\n"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    require("dig", "curl")
    machine = Machine(tmp_path, installed(tmp_path / "opt" / "dnsd"))
    yield machine
    machine.close()


def addresses(machine: Machine, name: str = "web.default.svc.cluster.local") -> str:
    return machine.run("dig", "@127.0.0.1", "+short", "+tries=1", name, "A", is_checked=False)


def test_the_unit_serves_on_port_53_without_root_and_is_looked_after(machine: Machine) -> None:
    """One boot for all of it."""
    machine.write(ZONE_FILE, ZONE)
    machine.set_service(ZONES)
    machine.run("systemctl", "start", "dnsd")
    assert machine.run("dig", "@127.0.0.1", "dns-version.cluster.local", "TXT", "+short") == '"1.1.0"'
    assert_it_has_no_rights_but_the_port(machine)
    assert_answers_go_first(machine)
    assert_answers_go_first_in_real_time(machine)
    machine.register("web", ["192.0.2.10"])
    assert addresses(machine) == "192.0.2.10"
    assert_a_reload_reads_zones_and_restarts_nothing(machine)
    assert_it_is_started_again_when_killed_and_when_it_hangs(machine)
    assert_it_stops_as_a_whole(machine)
    assert_a_wrong_setting_is_not_tried_again(machine)


def assert_it_has_no_rights_but_the_port(machine: Machine) -> None:
    status = dict(
        line.split(":\t", 1)
        for line in machine.run("cat", f"/proc/{machine.show('MainPID')}/status").splitlines()
        if ":\t" in line
    )
    assert machine.show("DynamicUser") == "yes"
    assert int(status["Uid"].split()[0]) in DYNAMIC_USERS
    assert status["CapEff"] == "0000000000000400"  # CAP_NET_BIND_SERVICE
    assert status["NoNewPrivs"] == "1"
    assert machine.show("StatusText") == "answering"
    assert machine.run("pgrep", "-f", "valkey-server") != ""  # the embedded store, as that user too
    assert machine.run("stat", "-c", "%u", "/var/lib/dnsd/store") == status["Uid"].split()[0]


def assert_answers_go_first(machine: Machine) -> None:
    responder = pid_of(machine, "responder")
    niceness = {role: shown(machine, role, "ni") for role in ROLES}
    assert niceness == {"control": "0", "responder": "-5"}  # the filter of calls allows it
    assert " 100000" in machine.run("grep", "slice", f"/proc/{responder}/sched")
    assert machine.show("LimitRTPRIO") == "1"
    assert real_time_limit(machine, "control") == "0"


def assert_answers_go_first_in_real_time(machine: Machine) -> None:
    """By the unit's limit, where this machine's systemd may raise one (CAP_SYS_RESOURCE); else by a capability."""
    if real_time_limit(machine, "responder") == "0":
        right = "CAP_SYS_NICE"
        machine.set_service(f"{ZONES}\nCapabilityBoundingSet={right}\nAmbientCapabilities={right}")
        machine.run("systemctl", "restart", "dnsd")
        print("\nno limit can be raised here: the right to real time came as a capability")
    took = machine.until(lambda: shown(machine, "responder", "cls") == "RR")
    print(f"\nthe responder goes first after {took:.1f} s")
    assert shown(machine, "control", "cls") == "TS"
    machine.set_service(ZONES)
    machine.run("systemctl", "restart", "dnsd")


def shown(machine: Machine, role: str, what: str) -> str:
    return machine.run("ps", "-o", f"{what}=", "-p", pid_of(machine, role)).strip()


def pid_of(machine: Machine, role: str) -> str:
    return machine.run("pgrep", "-f", f"dnsd.app {role}").strip()


def real_time_limit(machine: Machine, role: str) -> str:
    return machine.run("grep", "Max realtime priority", f"/proc/{pid_of(machine, role)}/limits").split()[3]


def assert_a_reload_reads_zones_and_restarts_nothing(machine: Machine) -> None:
    main = machine.show("MainPID")
    machine.write(ZONE_FILE, ZONE + "new A 192.0.2.54\n")
    assert addresses(machine, "new.static.example") == ""
    machine.run("systemctl", "reload", "dnsd")
    machine.until(lambda: addresses(machine, "new.static.example") == "192.0.2.54")
    assert (machine.show("ActiveState"), machine.show("MainPID")) == ("active", main)


def assert_it_is_started_again_when_killed_and_when_it_hangs(machine: Machine) -> None:
    machine.run("kill", "-9", machine.show("MainPID"))
    machine.until(lambda: machine.show("NRestarts") == "1" and machine.show("ActiveState") == "active")
    assert addresses(machine) == "192.0.2.10"

    machine.set_service("WatchdogSec=2s")
    machine.run("systemctl", "restart", "dnsd")
    machine.run("pkill", "-STOP", "-f", "dnsd.app control")
    took = machine.until(lambda: machine.show("NRestarts") != "0" and machine.show("ActiveState") == "active")
    print(f"\na control that hangs is replaced within {took:.1f} s of a 2 s watchdog")
    assert addresses(machine) == "192.0.2.10"


def assert_it_stops_as_a_whole(machine: Machine) -> None:
    machine.run("systemctl", "stop", "dnsd")
    assert (machine.show("Result"), machine.show("ExecMainStatus")) == ("success", "0")
    assert machine.run("pgrep", "-f", "valkey-server|dnsd.app", is_checked=False) == ""


def assert_a_wrong_setting_is_not_tried_again(machine: Machine) -> None:
    machine.set_service("Environment=DNSD_WORKERS=many")
    machine.run("systemctl", "start", "dnsd", is_checked=False)
    assert (machine.show("ActiveState"), machine.show("ExecMainStatus")) == ("failed", "2")
    assert machine.show("NRestarts") == "0"
