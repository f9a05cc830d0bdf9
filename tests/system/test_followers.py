"""Programs that stay and follow a name: Prometheus, nginx, gRPC, dnsmasq in front; HAProxy is in test_weights."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clients.kinds import NAME, PROGRAMS
from clients.stage import BOTH, PORT, WEB, Stage
from room import require, until

pytestmark = pytest.mark.timeout(120)
STAYER = min(WEB)
HOSTS = {f"web-{number}.{NAME}:{PORT}" for number in (1, 2)}
ADDRESSES = {f"{address}:{PORT}" for address in WEB}
API = "http://127.0.0.1:8053/v1/namespaces/default/services/web/endpoints"
PROMETHEUS = f"""
scrape_configs:
  - job_name: srv
    scrape_interval: 1s
    dns_sd_configs: [{{names: [_http._tcp.{NAME}], type: SRV, refresh_interval: 1s}}]
  - job_name: a
    scrape_interval: 1s
    dns_sd_configs: [{{names: [{NAME}], type: A, port: {PORT}, refresh_interval: 1s}}]
  - job_name: http
    scrape_interval: 1s
    http_sd_configs:
      - url: http://127.0.0.1:8053/v1/prometheus?namespace=default&service=web&port=http
        refresh_interval: 1s
    relabel_configs: [{{source_labels: [__meta_dnsd_endpoint], target_label: endpoint}}]
"""
NGINX = f"""
daemon off;
pid {{folder}}/nginx.pid;
error_log {{folder}}/nginx-errors.log;
events {{{{}}}}
http {{{{
    access_log off;
    client_body_temp_path {{folder}}/body;
    proxy_temp_path {{folder}}/proxy;
    fastcgi_temp_path {{folder}}/fastcgi;
    uwsgi_temp_path {{folder}}/uwsgi;
    scgi_temp_path {{folder}}/scgi;
    resolver 127.0.0.1 127.0.0.2 valid=1s ipv6=off;
    server {{{{
        listen 127.0.0.1:8088;
        set $web {NAME};
        location / {{{{ proxy_pass http://$web:{PORT}; }}}}
    }}}}
}}}}
"""


@pytest.fixture
def whole(stage: Stage) -> Iterator[Stage]:
    """The stage; what a test deregistered is there again afterwards."""
    yield stage
    for number, address in enumerate(sorted(WEB), 1):
        body = json.dumps({"address": address, "ports": {"http": PORT}, "lease_seconds": None})
        stage.room.run(
            "curl", "-sSfX", "PUT", "-H", "content-type: application/json", "-d", body, f"{API}/web-{number}"
        )


@pytest.fixture(scope="module")
def prometheus(stage: Stage) -> None:
    require("prometheus")
    folder = stage.room.folder
    (folder / "prometheus.yml").write_text(PROMETHEUS)
    flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    stage.room.start("prometheus", "prometheus", *flags, "--web.listen-address=127.0.0.1:9090", nameserver=BOTH)


@pytest.fixture(scope="module")
def nginx(stage: Stage) -> None:
    require("nginx")
    folder = stage.room.folder
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    stage.room.start("nginx", "nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/nginx-start.log")


def leave(stage: Stage, admin: str = "127.0.0.1:8053") -> None:
    """The second endpoint is deregistered, at the replica with that admin API."""
    stage.room.run("curl", "-sSfX", "DELETE", API.replace("127.0.0.1:8053", admin) + "/web-2")


def eventually(look: Callable[[], object], expected: object, what: str) -> None:
    """Wait until ``look`` gives what is expected."""
    until(lambda: look() == expected, what, 40)
    assert look() == expected


def active_targets(stage: Stage) -> list[dict[str, Any]]:
    """What Prometheus itself says that it scrapes; [] before it listens."""
    text = stage.room.run("sh", "-c", "curl -s http://127.0.0.1:9090/api/v1/targets?state=active || echo '{}'")
    found: list[dict[str, Any]] = json.loads(text).get("data", {"activeTargets": []})["activeTargets"]
    return found


def targets(stage: Stage) -> dict[str, set[str]]:
    """Its targets by job."""
    found: dict[str, set[str]] = {}
    for one in active_targets(stage):
        found.setdefault(one["labels"]["job"], set()).add(one["labels"]["instance"])
    return found


@pytest.mark.usefixtures("prometheus")
def test_prometheus_finds_targets_by_srv_by_a_and_over_http(whole: Stage) -> None:
    # The target of an SRV record is a host name: Prometheus resolves that too, with the host's own resolver.
    eventually(lambda: targets(whole), {"srv": HOSTS, "a": ADDRESSES, "http": ADDRESSES}, "all jobs")

    def labelled() -> dict[str, str]:
        labels = [one["labels"] for one in active_targets(whole) if one["labels"]["job"] == "http"]
        return {one["instance"]: one["endpoint"] for one in labels}

    def scraped() -> set[str]:
        return {one["labels"]["job"] for one in active_targets(whole) if one["health"] == "up"}

    # The registry's own names come as labels, which DNS has no room for; and what was found is really scraped.
    assert labelled() == {f"{address}:{PORT}": f"web-{number}" for number, address in enumerate(sorted(WEB), 1)}
    eventually(scraped, {"srv", "a", "http"}, "every job scrapes")
    leave(whole)
    stayed = {"srv": {f"web-1.{NAME}:{PORT}"}, "a": {f"{STAYER}:{PORT}"}, "http": {f"{STAYER}:{PORT}"}}
    eventually(lambda: targets(whole), stayed, "the target that left is dropped")


def answering(stage: Stage) -> set[str]:
    """Who answers through nginx."""
    ask = "for i in 1 2 3 4 5 6 7 8 9 10; do curl -s http://127.0.0.1:8088/ && echo; done || true"
    return set(stage.room.run("sh", "-c", ask).split())


@pytest.mark.usefixtures("nginx")
def test_nginx_follows_the_name(whole: Stage) -> None:
    eventually(lambda: answering(whole), WEB, "nginx asks both")
    leave(whole)
    eventually(lambda: answering(whole), {STAYER}, "nginx asks the one that stays")


@pytest.mark.long
@pytest.mark.usefixtures("nginx", "prometheus")
def test_with_one_replica_down_they_follow_the_other(whole: Stage) -> None:
    everything = {"srv": HOSTS, "a": ADDRESSES, "http": ADDRESSES}
    eventually(lambda: (targets(whole), answering(whole)), (everything, WEB), "both ask all")
    with whole.first_down():
        leave(whole, "127.0.0.1:8054")
        # The list over HTTP is one replica's: while that is away Prometheus keeps the targets that it had.
        stayed = {"srv": {min(HOSTS)}, "a": {f"{STAYER}:{PORT}"}, "http": ADDRESSES}
        eventually(lambda: (targets(whole), answering(whole)), (stayed, {STAYER}), "both ask the one that stays")
    eventually(lambda: targets(whole), stayed | {"http": {f"{STAYER}:{PORT}"}}, "the list is there again")


def test_grpc_balances_over_the_name(stage: Stage) -> None:
    room, python = stage.room, stage.dnsd[0]
    for address in sorted(WEB):
        room.start(f"grpc-{address}", python, str(PROGRAMS / "grpc_server.py"), address, "50051")
        until(lambda address=address: "listening" in room.log(f"grpc-{address}"), "the gRPC server listens")
    found = room.run(python, str(PROGRAMS / "grpc_client.py"), f"{NAME}:50051", nameserver=BOTH)
    assert set(found.split()) == WEB


def test_behind_dnsmasq_names_and_ports_are_the_same(whole: Stage) -> None:
    require("dnsmasq")
    room = whole.room
    flags = ["--no-daemon", "--no-resolv", "--no-hosts", "--port=53", "--bind-interfaces", "--listen-address=127.0.0.3"]
    servers = ["--server=/cluster.local/127.0.0.1", "--server=/cluster.local/127.0.0.2"]
    room.start("dnsmasq", "dnsmasq", "--conf-file=/dev/null", "--user=root", *flags, *servers)

    def asked(rtype: str, name: str = NAME) -> set[str]:
        ask = f"dig @127.0.0.3 +short +tries=1 {name} {rtype} || true"
        return set(room.run("sh", "-c", ask).splitlines())

    eventually(lambda: asked("A"), WEB, "dnsmasq asks dnsd")
    assert asked("AAAA") == set()
    assert {line.split()[2] for line in asked("SRV", f"_http._tcp.{NAME}")} == {str(PORT)}
    assert set(room.run("getent", "ahostsv4", "web", nameserver="127.0.0.3").split()) >= WEB
    leave(whole)
    eventually(lambda: asked("A"), {STAYER}, "what left is gone one TTL later")
