"""The drop-in for systemd-resolved with the real one, beside the shipped unit, under a systemd booted for it.

On demand: ``pytest -m long tests/system/test_resolved_boot.py``, as root. The package is fetched and unpacked into the
throw-away root alone: installed it would take /etc/resolv.conf of this machine.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.fetched import packages_of_resolved
from machine import MARKS, ROOT, Machine, installed
from room import require

pytestmark = MARKS
DROP_IN = (ROOT / "systemd" / "resolved.conf.d" / "dnsd.conf").read_text()
PLACE = "/etc/systemd/resolved.conf.d/dnsd.conf"
WEB = ["10.77.0.1", "10.77.0.2"]
MANY = [f"10.77.1.{number}" for number in range(1, 41)]
NAME = "web.default.svc.cluster.local"
UPSTREAM = "192.0.2.53"
COMMANDS = """
chroot . systemd-sysusers
ln -sf /run/systemd/resolve/stub-resolv.conf etc/resolv.conf
ip link add link0 type veth peer name link1
ip address add 192.0.2.53/24 dev link0
ip link set link0 up
ip link set link1 up
"""
UNBOUND = """server:
  interface: 192.0.2.53
  username: ""
  chroot: ""
  pidfile: ""
  directory: "/tmp"
  use-syslog: no
  module-config: "iterator"
  access-control: 0.0.0.0/0 allow
  local-zone: "." static
  local-data: ". 30 IN SOA ns.example. host.example. 1 2 3 4 30"
  local-data: "www.example.com. 30 IN A 198.51.100.80"
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """dnsd and resolved run; the link's resolver, which resolved is told of by a test, knows www.example.com alone."""
    require("dig", "curl", "unbound", "dbus-daemon")
    folder, ours = tmp_path_factory.mktemp("resolved"), Path("/etc/resolv.conf")
    before = ours.read_bytes()
    packages = packages_of_resolved(folder / "packages")
    machine = Machine(folder, installed(folder / "opt" / "dnsd"), packages, COMMANDS)
    try:
        machine.write("/etc/unbound-test.conf", UNBOUND)
        machine.run("systemd-run", "--unit=upstream", "unbound", "-d", "-c", "/etc/unbound-test.conf")
        machine.run("systemctl", "start", "dnsd")
        machine.register("web", WEB)
        machine.register("many", MANY)
        yield machine
    finally:
        machine.close()
    assert ours.read_bytes() == before


def set_resolved(machine: Machine, drop_in: str) -> None:
    """Start it anew with this drop-in, as an administrator does; links have no servers then."""
    machine.write(PLACE, drop_in)
    machine.run("systemctl", "reset-failed")  # so many starts in a row are no failure here
    machine.run("systemctl", "restart", "systemd-resolved")
    machine.run("resolvectl", "revert", "link0")


def found(machine: Machine, name: str) -> set[str]:
    """What glibc finds, by way of resolv.conf and the stub on 127.0.0.53."""
    printed = machine.run("getent", "ahostsv4", name, is_checked=False)
    return {line.split()[0] for line in printed.splitlines()}


def refused(machine: Machine) -> float:
    """How many questions dnsd has refused."""
    lines = machine.run("curl", "-s", "http://127.0.0.1:8053/metrics").splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith('dnsd_dns_responses_total{rcode="REFUSED"'))


def told(machine: Machine, *words: str) -> str:
    """What resolvectl prints, also when it finds nothing."""
    return machine.run("resolvectl", *words, is_checked=False)


@pytest.mark.parametrize("more", ["", "DNSSEC=yes\n"])
def test_the_drop_in_as_it_is_shipped_finds_everything(machine: Machine, more: str) -> None:
    set_resolved(machine, DROP_IN + more)
    assert "nameserver 127.0.0.53" in machine.run("cat", "/etc/resolv.conf")
    assert found(machine, NAME) == set(WEB)
    assert "any RR of the requested type" in told(machine, "query", "-6", NAME)
    ports = told(machine, "service", "_http._tcp", NAME)
    assert all(f"{one}.{NAME}:8080" in ports for one in ("web-1", "web-2"))
    assert all(address in ports for address in WEB)
    assert f"web-1.{NAME}" in told(machine, "query", WEB[0])
    assert found(machine, "many.default.svc.cluster.local") == set(MANY)
    assert set(machine.run("dig", "+short", "many.default.svc.cluster.local").split()) == set(MANY)
    assert "not found" in told(machine, "query", "nobody.default.svc.cluster.local")
    machine.run("systemctl", "restart", "dnsd")
    machine.run("resolvectl", "flush-caches")
    assert found(machine, NAME) == set(WEB)


def test_where_dnssec_is_on_a_zone_outside_of_local_needs_a_negative_trust_anchor(machine: Machine) -> None:
    machine.set_service("Environment=DNSD_ZONE=cluster.local,mesh.example")
    machine.run("systemctl", "restart", "dnsd")
    try:
        name = "web.default.svc.mesh.example"
        set_resolved(machine, DROP_IN.replace("~cluster.local", "~cluster.local ~mesh.example") + "DNSSEC=yes\n")
        assert not set(WEB) & set(told(machine, "query", name).split())
        machine.write("/etc/dnssec-trust-anchors.d/dnsd.negative", "mesh.example\n")
        machine.run("systemctl", "restart", "systemd-resolved")
        assert set(WEB) <= set(told(machine, "query", name).split())
    finally:
        machine.set_service("")
        machine.run("systemctl", "restart", "dnsd")


def test_short_names_need_a_search_domain_and_no_llmnr(machine: Machine) -> None:
    set_resolved(machine, DROP_IN)
    assert found(machine, "web") == set()
    searching = DROP_IN.replace("Domains=~", "Domains=default.svc.cluster.local svc.cluster.local ~")
    set_resolved(machine, f"{searching}LLMNR=no\n")
    assert found(machine, "web") == set(WEB)
    assert found(machine, "web.default") == set(WEB)
    assert set(WEB) <= set(told(machine, "query", "web").split())
    # nss-resolve and resolvectl search for single labels alone.
    assert not set(WEB) & set(told(machine, "query", "web.default").split())
    seconds = machine.until(lambda: found(machine, "nobody") == set())
    assert seconds < 2


def test_names_of_others_are_asked_of_the_link_and_of_dnsd_unless_the_link_has_all(machine: Machine) -> None:
    set_resolved(machine, DROP_IN)
    machine.run("resolvectl", "dns", "link0", UPSTREAM)
    before = refused(machine)
    assert found(machine, "www.example.com") == {"198.51.100.80"}
    assert "not found" in told(machine, "query", "nobody.example.com")
    assert refused(machine) > before
    machine.run("resolvectl", "domain", "link0", "~.")
    machine.run("resolvectl", "flush-caches")
    before = refused(machine)
    assert found(machine, "www.example.com") == {"198.51.100.80"}
    assert "not found" in told(machine, "query", "somebody.example.com")
    assert refused(machine) == before
    assert found(machine, NAME) == set(WEB)
    # PTR names are others' then, unless the drop-in names them.
    assert "not found" in told(machine, "query", WEB[1])
    set_resolved(machine, DROP_IN.replace("~cluster.local", "~cluster.local ~10.in-addr.arpa"))
    machine.run("resolvectl", "dns", "link0", UPSTREAM)
    machine.run("resolvectl", "domain", "link0", "~.")
    assert f"web-2.{NAME}" in told(machine, "query", WEB[1])


def test_resolvers_of_resolv_conf_are_not_read_any_more_so_dnsd_forwards_to_them(machine: Machine) -> None:
    machine.run("cp", "--remove-destination", "/dev/null", "/etc/resolv.conf")
    machine.run("sh", "-c", f"rm /etc/resolv.conf; echo nameserver {UPSTREAM} > /etc/resolv.conf")
    try:
        set_resolved(machine, "")
        assert "198.51.100.80" in told(machine, "query", "www.example.com")
        set_resolved(machine, DROP_IN)
        assert "REFUSED" in told(machine, "query", "www.example.com")
        machine.set_service(f"Environment=DNSD_FORWARD={UPSTREAM}")
        machine.run("systemctl", "restart", "dnsd")
        machine.run("resolvectl", "flush-caches")
        assert "198.51.100.80" in told(machine, "query", "www.example.com")
        assert "not found" in told(machine, "query", "nobody.example.com")
        assert set(WEB) <= set(told(machine, "query", NAME).split())
    finally:
        machine.run("ln", "-sf", "/run/systemd/resolve/stub-resolv.conf", "/etc/resolv.conf")
        machine.set_service("")
        machine.run("systemctl", "restart", "dnsd")


def test_without_a_link_nobody_is_asked(machine: Machine) -> None:
    set_resolved(machine, DROP_IN)
    machine.run("ip", "link", "set", "link0", "down")
    try:
        machine.until(lambda: not found(machine, NAME))
        assert "Network is down" in told(machine, "query", NAME)
    finally:
        machine.run("ip", "link", "set", "link0", "up")
    machine.until(lambda: found(machine, NAME) == set(WEB))
