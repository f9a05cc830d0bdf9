"""``dnsd doctor`` through real resolvers: dnsd itself, and an unbound that caches, with a floor and without."""

import json
import socket
import subprocess
from contextlib import contextmanager

import pytest
from room import require

from dnsd.cli import doctor

UNBOUND = """
server:
    interface: 127.0.0.1
    port: {port}
    do-daemonize: no
    use-syslog: no
    chroot: ""
    username: ""
    pidfile: ""
    directory: "{folder}"
    do-not-query-localhost: no
    local-zone: "cluster.local." nodefault
    domain-insecure: "cluster.local"
    cache-min-ttl: {floor}
    module-config: "iterator"
remote-control:
    control-enable: no
stub-zone:
    name: "cluster.local"
    stub-addr: {dns}
"""


def found(told):
    return {each["what"]: each["good"] for each in told.document["findings"]}


def test_through_dnsd_itself_all_is_well(console, server_dns):
    told = console.of("doctor", "probe", "--resolver", server_dns, "-o", "json")
    assert (told.status, told.err) == (0, "")
    assert len(found(told)) == 6
    assert all(found(told).values())
    assert console.get(f"/v1/services?namespace={console.namespace}")["items"] == []


@contextmanager
def caching(folder, floor, server_dns, wait_until):
    """An unbound that keeps everything for ``floor`` seconds at least; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = folder / f"unbound-{floor}.conf"
    file.write_text(UNBOUND.format(port=port, folder=folder, floor=floor, dns=server_dns.replace(":", "@")))
    with (folder / f"log-{floor}").open("w") as log:
        started = subprocess.Popen(["unbound", "-d", "-c", str(file)], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(port), "unbound answers")
        yield port
    finally:
        started.terminate()
        started.wait(10)


def test_through_a_resolver_that_caches(console, server_dns, tmp_path, wait_until):
    require("unbound")
    words = ["doctor", "probe", "--namespace", console.namespace, "-o", "json", "--resolver"]
    given = server_dns, wait_until
    with caching(tmp_path, 0, *given) as plain, caching(tmp_path, 8, *given) as slow:
        looks = [console.start(*words, f"127.0.0.1:{port}", folder=tmp_path) for port in (plain, slow)]
        printed = [look.communicate(timeout=90)[0] for look in looks]
    for look, told, is_good in zip(looks, map(json.loads, printed), (True, False), strict=True):
        good = {each["what"]: each["good"] for each in told["findings"]}
        assert good["TTL"] is is_good, told
        assert good["gone after it was removed"] is is_good, told
        assert good["seen after it was asked for in vain (negative caching)"] is is_good, told
        assert good["seen when not asked for before"]
        assert (look.returncode == 0) is is_good, told


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_wrong_calls(console, server_dns, monkeypatch, tmp_path):
    assert console.of("doctor", "a_b").status == 2
    assert console.of("doctor", "a", "--resolver", "x").status == 2
    refused = console.of("doctor", "a", "--resolver", server_dns, "--zone", "example.org")
    assert (refused.status, "forward that zone to dnsd" in refused.err) == (1, True)
    monkeypatch.setattr(doctor, "RESOLV_CONF", str(tmp_path / "none"))
    assert console.of("doctor", "a").status == 2


@pytest.mark.parametrize(
    ("text", "address"),
    [("nameserver 192.0.2.53\n", "192.0.2.53:53"), ("# x\nnameserver ::1\n", "[::1]:53"), ("", "127.0.0.1:53")],
)
def test_the_resolver_of_this_machine(tmp_path, monkeypatch, text, address):
    (tmp_path / "resolv.conf").write_text(text)
    monkeypatch.setattr(doctor, "RESOLV_CONF", str(tmp_path / "resolv.conf"))
    assert str(doctor._resolver(None)) == address
