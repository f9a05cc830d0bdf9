"""Forwarding for real: dnsd in front of real resolvers and servers, over UDP, TCP and TLS; two dnsd in a circle; a host
whose only nameserver is dnsd.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest
from ports import free_port
from room import Room, require
from running import Running
from waiting import until

from dnsd.app.forwarding import forwarder_of
from dnsd.authority.catalog import Catalog
from dnsd.config import load
from dnsd.model.message import ExtendedError
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service
from dnsd.runtime.clock import SystemClock

UDP = socket.AF_INET, socket.SOCK_DGRAM
HTTP = (Port("http", "TCP", 80),)
ZONE = """$TTL 300
$ORIGIN example.com.
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.80
www AAAA 2001:db8::80
alias CNAME www
away CNAME www.example.net.
ours CNAME web.default.svc.cluster.local.
"""
ROOT_ZONE = """$TTL 300
. SOA ns.nowhere. hostmaster.nowhere. 1 3600 600 86400 60
. NS ns.nowhere.
ns.nowhere. A 192.0.2.53
"""
UNBOUND = """server:
  interface: {host}@{port}
  {tls}
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{folder}"
  use-syslog: no
  do-ip6: no
  num-threads: 1
  module-config: "iterator"
auth-zone:
  name: example.com
  zonefile: "example.com.zone"
  for-upstream: yes
  for-downstream: no
  fallback-enabled: no
auth-zone:
  name: .
  zonefile: "root.zone"
  for-upstream: yes
  for-downstream: no
  fallback-enabled: no
remote-control:
  control-enable: no
"""


def a_catalog() -> Catalog:
    catalog = Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["127.0.0.1"])
    endpoints = [Endpoint("default", "web", f"web-{n}", (f"10.0.0.{n}",), HTTP) for n in (1, 2)]
    external = [Service("default", "ext", external_name="www.example.com")]
    catalog.load([Service("default", "web"), *external], endpoints, 1)
    return catalog


@contextmanager
def forwarding(*upstreams: str, **given: object) -> Iterator[Running]:
    """A dnsd that forwards to these."""
    settings = load({"forward": list(upstreams) or None, **given}, {"HOME": "/nowhere"})
    with Running(a_catalog(), forwarder=forwarder_of(settings, SystemClock())) as running:
        yield running


def ask(port: int, name: str, rtype: str = "A", way=dns.query.udp, **options: object) -> dns.message.Message:
    return way(dns.message.make_query(name, rtype, **options), "127.0.0.1", 20, port)


def said(message: dns.message.Message) -> tuple[str, list[str]]:
    return dns.rcode.to_text(message.rcode()), [str(each) for rrset in message.answer for each in rrset]


@contextmanager
def started(*command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int, name: str = "example.com") -> bool:
    try:
        return bool(dns.query.tcp(dns.message.make_query(name, "SOA"), "127.0.0.1", 1, port).answer)
    except (OSError, EOFError, dns.exception.DNSException):
        return False


@contextmanager
def unbound(folder: Path, tls: str = "", host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    require("unbound")
    port = port or free_port()
    many = "\n".join(f"many A 192.0.2.{number}" for number in range(1, 151))
    (folder / "example.com.zone").write_text(f"{ZONE}{many}\n")
    (folder / "root.zone").write_text(ROOT_ZONE)
    configuration = folder / "unbound.conf"
    configuration.write_text(UNBOUND.format(host=host, port=port, folder=folder, tls=tls.format(port=port)))
    with started("unbound", "-d", "-c", str(configuration), log=folder / "unbound.log"):
        yield port


@pytest.fixture
def resolver(tmp_path: Path) -> Iterator[int]:
    """The port of an unbound that knows example.com."""
    with unbound(tmp_path) as port:
        until(lambda: answers(port), "unbound answers")
        yield port


def test_a_client_sees_own_and_foreign_names_through_one_server(resolver: int) -> None:
    with forwarding(f"127.0.0.1:{resolver}") as running:
        for way in (dns.query.udp, dns.query.tcp):
            assert said(ask(running.port, "www.example.com", way=way)) == ("NOERROR", ["192.0.2.80"])
            assert said(ask(running.port, "alias.example.com", "AAAA", way))[1][1:] == ["2001:db8::80"]
            assert said(ask(running.port, "nobody.example.com", way=way)) == ("NXDOMAIN", [])
            assert said(ask(running.port, "www.example.com", "MX", way)) == ("NOERROR", [])
            assert len(said(ask(running.port, "web.default.svc.cluster.local", way=way))[1]) == 2
            assert said(ask(running.port, "nobody.cluster.local", way=way)) == ("NXDOMAIN", [])
            through = said(ask(running.port, "ext.default.svc.cluster.local", way=way))
            assert through == ("NOERROR", ["www.example.com.", "192.0.2.80"])
        for name in ("www.example.com", "web.default.svc.cluster.local", "nobody.cluster.local"):
            assert ask(running.port, name).flags & dns.flags.RA


def test_a_large_answer_comes_over_tcp_from_the_upstream_and_is_cut_for_who_asks_over_udp(resolver: int) -> None:
    with forwarding(f"127.0.0.1:{resolver}") as running:
        assert len(ask(running.port, "many.example.com", way=dns.query.tcp).answer[0]) == 150
        plain = ask(running.port, "many.example.com")
        assert plain.flags & dns.flags.TC
        assert (plain.edns, 20 < len(plain.answer[0]) < 40) == (-1, True)
        wide = ask(running.port, "many.example.com", use_edns=0, payload=1232)
        assert wide.flags & dns.flags.TC
        assert (wide.edns, 60 < len(wide.answer[0]) < 90) == (0, True)


def test_who_is_no_client_of_ours_gets_nothing_forwarded_and_no_ra(resolver: int) -> None:
    from dnsd.answer.access import Access

    settings = load({"forward": [f"127.0.0.1:{resolver}"]}, {"HOME": "/nowhere"})
    forwarder = forwarder_of(settings, SystemClock())
    with Running(a_catalog(), forwarder=forwarder, access=Access(forward_for=("203.0.113.0/24",))) as running:
        refused = ask(running.port, "www.example.com", use_edns=0)
        assert (said(refused), refused.flags & dns.flags.RA) == (("REFUSED", []), 0)
        assert [option.code for option in refused.options] == [ExtendedError.PROHIBITED]
        own = ask(running.port, "web.default.svc.cluster.local")
        assert (len(own.answer[0]), own.flags & dns.flags.RA) == (2, 0)


@pytest.mark.parametrize("server", ["nsd", "knotd"])
def test_a_domain_is_asked_of_a_server_that_knows_only_that(server: str, tmp_path: Path) -> None:
    require(server)
    port = free_port()
    (tmp_path / "example.com.zone").write_text(ZONE)
    if server == "nsd":
        text = f'server:\n  ip-address: 127.0.0.1@{port}\n  username: ""\n  pidfile: ""\n  zonesdir: "{tmp_path}"\n'
        text += f'  database: ""\n  xfrdfile: "{tmp_path}/xfrd"\n  zonelistfile: "{tmp_path}/zones"\n'
        text += '  logfile: ""\nremote-control:\n  control-enable: no\n'
        text += 'zone:\n  name: example.com\n  zonefile: "example.com.zone"\n'
    else:
        text = f'server:\n  listen: 127.0.0.1@{port}\n  rundir: "{tmp_path}"\ndatabase:\n  storage: "{tmp_path}"\n'
        text += f'zone:\n  - domain: example.com\n    storage: "{tmp_path}"\n    file: "example.com.zone"\n'
    configuration = tmp_path / "server.conf"
    configuration.write_text(text)
    command = ["nsd", "-d", "-c"] if server == "nsd" else ["knotd", "-c"]
    with started(*command, str(configuration), log=tmp_path / "log"):
        until(lambda: answers(port), f"{server} answers")
        with forwarding(forward_domain=[f"example.com=127.0.0.1:{port}"]) as running:
            assert said(ask(running.port, "alias.example.com")) == ("NOERROR", ["www.example.com.", "192.0.2.80"])
            assert said(ask(running.port, "nobody.example.com")) == ("NXDOMAIN", [])
            assert said(ask(running.port, "www.example.org")) == ("REFUSED", [])
            assert said(ask(running.port, "away.example.com")) == ("SERVFAIL", [])
            assert len(said(ask(running.port, "ours.example.com"))[1]) == 3


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    require("openssl")
    key, made = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "30", "-keyout", str(key), "-out", str(made), "-subj", f"/CN={name}"),
            *("-addext", f"subjectAltName=DNS:{name}"),
        ],
        check=True,
        capture_output=True,
    )
    return key, made


def test_over_tls_with_its_name_checked(tmp_path: Path) -> None:
    key, made = certificate(tmp_path, "dns.example.net")
    _, other = certificate(tmp_path, "other.example.net")
    tls = f'tls-port: {{port}}\n  tls-service-key: "{key}"\n  tls-service-pem: "{made}"'
    with unbound(tmp_path, tls) as port:
        upstream = f"tls://127.0.0.1:{port}"
        with forwarding(f"{upstream}#dns.example.net", forward_ca_file=str(made)) as running:
            until(lambda: said(ask(running.port, "www.example.com"))[0] == "NOERROR", "an answer over TLS")
            assert said(ask(running.port, "alias.example.com"))[1] == ["www.example.com.", "192.0.2.80"]
            assert len(ask(running.port, "many.example.com", way=dns.query.tcp).answer[0]) == 150
        with forwarding(f"{upstream}#dns.example.org", forward_ca_file=str(made)) as running:
            assert said(ask(running.port, "www.example.com")) == ("SERVFAIL", [])
        with forwarding(f"{upstream}#dns.example.net", forward_ca_file=str(other)) as running:
            assert said(ask(running.port, "www.example.com")) == ("SERVFAIL", [])


def test_upstreams_that_say_nothing_are_given_up_before_glibc_gives_up() -> None:
    """Two tries of 1.5 s, hedged, 4 s in all, while glibc waits for 5: with the figures that a user gets."""
    with socket.socket(*UDP) as first, socket.socket(*UDP) as second:
        for silent in (first, second):
            silent.bind(("127.0.0.1", 0))
        upstreams = [f"127.0.0.1:{silent.getsockname()[1]}" for silent in (first, second)]
        with forwarding(*upstreams) as running:
            begun = time.monotonic()
            reply = ask(running.port, "www.example.com", use_edns=0)
            waited = time.monotonic() - begun
    assert dns.rcode.to_text(reply.rcode()) == "SERVFAIL"
    print(f"silent upstreams: SERVFAIL after {waited:.2f} s")
    assert 2.5 <= waited < 5


def test_two_dnsd_that_ask_each_other_end_it_with_a_few_packets(tmp_path: Path) -> None:
    """What nobody knows goes round once, is merged where it began, and fails within the time a client waits."""
    ports = free_port(), free_port()
    with ExitStack() as stack:
        admins = []
        for one, other in (ports, ports[::-1]):
            admins.append(free_port())
            command = [sys.executable, "-m", "dnsd", "serve", "--dns", f"127.0.0.1:{one}", "--workers", "0"]
            command += ["--admin", f"127.0.0.1:{admins[-1]}", "--state-dir", str(tmp_path / str(one))]
            command += ["--lame-duck-seconds", "0", "--forward", f"127.0.0.1:{other}"]
            stack.enter_context(started(*command, log=tmp_path / f"{one}.log"))
        for port in ports:
            until(lambda port=port: answers(port, "cluster.local"), "dnsd answers")
        assert said(ask(ports[0], "www.example.com")) == ("SERVFAIL", [])
        # Two tries of each; without merging it would be as many as fit into four seconds of loopback.
        assert 2 <= sum(tried(admin) for admin in admins) <= 8
        assert said(ask(ports[1], "web.default.svc.cluster.local")) == ("NXDOMAIN", [])


def tried(admin: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("dnsd_forward_tries_total{"))


def test_a_dnsd_that_would_ask_itself_is_refused_at_the_start(dnsd: list[str], tmp_path: Path) -> None:
    port = str(free_port())
    for forward in (f"127.0.0.1:{port}", f"127.0.0.2:{port}"):
        command = [*dnsd, "serve", "--dns", f"0.0.0.0:{port}", "--state-dir", str(tmp_path), "--forward", forward]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"forward: {forward} is where this dnsd listens" in done.stderr
        assert done.stderr.count("\n") == 1


REGISTER = """
import json, urllib.request
for number in (1, 2):
    where = f"http://127.0.0.1:8053/v1/namespaces/default/services/web/endpoints/web-{number}"
    body = json.dumps({"address": f"10.0.0.{number}", "ports": {"http": 80}}).encode()
    call = urllib.request.Request(where, body, {"content-type": "application/json"}, method="PUT")
    urllib.request.urlopen(call, timeout=20).close()
"""


@pytest.fixture
def host(room: Room, dnsd: list[str], tmp_path: Path) -> Iterator[Room]:
    """A host with dnsd on port 53 as its only nameserver, and a resolver elsewhere that dnsd asks."""
    for address in ("192.0.2.7", "10.0.0.1"):
        room.run("ip", "address", "add", f"{address}/32", "dev", "lo")
    require("unbound")
    with unbound_in(room, tmp_path):
        resolv = tmp_path / "upstream.conf"
        resolv.write_text("nameserver 127.0.0.1\nnameserver 192.0.2.7\n")
        where = {"DNSD_STATE_DIR": str(tmp_path / "state"), "DNSD_LAME_DUCK_SECONDS": "0"}
        room.start("dnsd", *dnsd, "serve", "--dns", "127.0.0.1:53", "--forward", str(resolv), **where)
        until(lambda: "dnsd ready" in room.log("dnsd"), "dnsd is ready")
        room.run(sys.executable, "-c", REGISTER)
        yield room


@contextmanager
def unbound_in(room: Room, folder: Path) -> Iterator[None]:
    (folder / "example.com.zone").write_text(
        ZONE + "\n".join(f"n{number} A 192.0.2.1" for number in range(2000)) + "\n"
    )
    (folder / "root.zone").write_text(ROOT_ZONE)
    configuration = folder / "unbound.conf"
    configuration.write_text(UNBOUND.format(host="192.0.2.7", port=53, folder=folder, tls=""))
    room.start("unbound", "unbound", "-d", "-c", str(configuration))
    yield


REPLAY = """
import json, socket, sys, time
from concurrent.futures import ThreadPoolExecutor
def one(pair):
    name, expected = pair
    try:
        if name[0].isdigit():
            got = socket.gethostbyaddr(name)[0]
        else:
            got = socket.gethostbyname(name)
    except (socket.gaierror, socket.herror) as fault:
        got = {1: "none", -2: "none", -5: "none"}.get(fault.args[0], str(fault))
    return [] if got in expected else [(name, expected, got)]
pairs = json.load(open(sys.argv[1]))
start = time.monotonic()
with ThreadPoolExecutor(16) as pool:
    wrong = [each for found in pool.map(one, pairs) for each in found]
print(json.dumps({"names": len(pairs), "wrong": wrong, "seconds": round(time.monotonic() - start, 1)}))
"""


def mixed_names(number: int, seed: int) -> list[tuple[str, list[str]]]:
    """Names with what a resolver must make of them: own, short, reverse, foreign, and none."""
    chance = random.Random(seed)
    web = ["10.0.0.1", "10.0.0.2"]
    kinds = (
        lambda: ("web.default.svc.cluster.local", web),
        lambda: (f"web-{1 + chance.randrange(2)}.web", web),
        lambda: ("web", web),
        lambda: (f"10.0.0.{1 + (which := chance.randrange(2))}", [f"web-{1 + which}.web.default.svc.cluster.local"]),
        lambda: (f"n{chance.randrange(2000)}.example.com", ["192.0.2.1"]),
        lambda: ("alias.example.com", ["192.0.2.80"]),
        lambda: (f"none{chance.randrange(5000)}.example.com", ["none"]),
        lambda: (f"none{chance.randrange(5000)}", ["none"]),
        lambda: (f"10.9.{chance.randrange(256)}.{chance.randrange(256)}", ["none"]),
        lambda: (f"x{chance.randrange(500)}.onion", ["none"]),
    )
    return [chance.choice(kinds)() for _ in range(number)]


def assert_names_are_resolved(host: Room, folder: Path, number: int) -> None:
    (folder / "names.json").write_text(json.dumps(mixed_names(number, seed=6)))
    (folder / "replay.py").write_text(REPLAY)
    text = host.run(sys.executable, str(folder / "replay.py"), str(folder / "names.json"), seconds=100)
    result = json.loads(text)
    print(f"{number} names in {result['seconds']} s, CPUs {os.cpu_count()}")
    assert (result["names"], result["wrong"]) == (number, [])


def test_a_host_with_dnsd_as_its_only_nameserver_resolves_everything(host: Room, tmp_path: Path) -> None:
    assert host.run("getent", "ahostsv4", "www.example.com").split()[0] == "192.0.2.80"
    assert host.run("getent", "ahostsv4", "alias.example.com").split()[0] == "192.0.2.80"
    assert {line.split()[0] for line in host.run("getent", "ahostsv4", "web").splitlines()} == {"10.0.0.1", "10.0.0.2"}
    assert host.run("getent", "hosts", "10.0.0.1").split()[1] == "web-1.web.default.svc.cluster.local"
    assert host.run("getent", "ahostsv4", "localhost").split()[0] == "127.0.0.1"
    for name in ("nobody.example.com", "nobody", "x.onion"):
        with pytest.raises(AssertionError, match="exit 2"):
            host.run("getent", "ahostsv4", name)
    assert_names_are_resolved(host, tmp_path, 300)


@pytest.mark.long
def test_a_list_of_5000_mixed_names_is_resolved_without_a_single_wrong_answer(host: Room, tmp_path: Path) -> None:
    assert_names_are_resolved(host, tmp_path, 5000)
