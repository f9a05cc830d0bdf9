"""Programs that stay and follow a name: how each is started, and whom it says that it has found."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.kinds import AS_IT_STANDS, NAME, NO_SRV, PROGRAMS, Words
from clients.stage import BOTH, LATE, MANY, Stage
from waiting import until

FAILED = "failed"
"""Stands among the addresses when a request through the program had no answer."""
MANY_PORT = 8081
GRPC_PORT, GRPC_MANY_PORT = 50051, 50052
GRPC_NAMES = {"a": f"{NAME}:{GRPC_PORT}", "short": f"web:{GRPC_PORT}", "unknown": f"{LATE}:{GRPC_PORT}"}
GRPC_NAMES["many"] = f"many.default.svc.cluster.local:{GRPC_MANY_PORT}"
NUMBERS = {f"web-{number}": f"10.77.0.{number}" for number in (1, 2, 3)}
NUMBERS |= {f"many-{number}": address for number, address in enumerate(sorted(MANY), 1)}
"""The addresses by the ids under which the stage registers them."""


@dataclass(frozen=True)
class Follower:
    """A program of the table.

    ``start`` begins it on a stage; ``found`` are the addresses that it has for a situation of the matrix; ``cannot`` as
    a client's; ``keeps``: it holds on to what it had while no replica answers; ``note``: what to set.
    """

    name: str
    needs: Words
    start: Callable[[Stage], None]
    found: Callable[[Stage, str], set[str]]
    cannot: Mapping[str, str] = field(default_factory=dict)
    keeps: bool = True
    note: str = ""


def _fetched(stage: Stage, url: str) -> str:
    return stage.room.run("sh", "-c", 'curl -s "$1" || true', "sh", url)


def _start_haproxy(stage: Stage) -> None:
    stage.room.start("haproxy", "haproxy", "-db", "-f", str(PROGRAMS / "haproxy.cfg"))


def _found_by_haproxy(stage: Stage, situation: str) -> set[str]:
    lines = _fetched(stage, "http://127.0.0.1:8089/;csv").removeprefix("# ").splitlines()
    servers = [line for line in csv.DictReader(lines) if line["pxname"] == situation and line["addr"]]
    return {line["addr"].rpartition(":")[0] for line in servers if not line["status"].startswith("MAINT")}


def _start_nginx(stage: Stage) -> None:
    place = stage.room.folder / "nginx.conf"
    place.write_text((PROGRAMS / "nginx.conf").read_text().format(folder=stage.room.folder))
    stage.start_pong("0.0.0.0", MANY_PORT)
    stage.room.start("nginx", "nginx", "-c", str(place), "-e", f"{stage.room.folder}/nginx-start.log")


def _found_by_nginx(stage: Stage, situation: str) -> set[str]:
    """It asks for A and AAAA of every name by itself.

    Requests that wait for the same reply of DNS all go to the same address: so most of them are sent when it is there.
    """
    asked, times = {"aaaa": ("a", 20), "many": ("many", 400)}.get(situation, (situation, 20))
    url = f"http://127.0.0.1:8088/{asked}?[1-{times}]"
    ask = r'curl -sfZ --parallel-max "$2" --max-time 10 -w "%{http_code}\n" "$1" || true'
    printed = set(stage.room.run("sh", "-c", ask, "sh", url, str(times // 20)).split()) - {"200"}
    return {FAILED if line.isdigit() else line for line in printed}


def _start_prometheus(stage: Stage) -> None:
    folder = stage.room.folder
    flags = [f"--config.file={PROGRAMS / 'prometheus.yml'}", f"--storage.tsdb.path={folder}/tsdb"]
    stage.room.start("prometheus", "prometheus", *flags, "--web.listen-address=127.0.0.1:9090", nameserver=BOTH)


def targets_of_prometheus(stage: Stage, job: str) -> list[dict[str, Any]]:
    """What Prometheus itself says of a job that it scrapes; [] before it listens."""
    text = _fetched(stage, "http://127.0.0.1:9090/api/v1/targets?state=active") or "{}"
    targets: list[dict[str, Any]] = json.loads(text).get("data", {"activeTargets": []})["activeTargets"]
    return [one for one in targets if one["labels"]["job"] == job]


def _found_by_prometheus(stage: Stage, situation: str) -> set[str]:
    """The target of an SRV record is a host name, which it resolves when it scrapes."""
    hosts = [one["labels"]["instance"].rpartition(":")[0] for one in targets_of_prometheus(stage, situation)]
    return {NUMBERS.get(host.partition(".")[0], host) for host in hosts}


def _start_grpc(stage: Stage) -> None:
    python = stage.dnsd[0]
    servers = [f"{NUMBERS[name]}:{GRPC_PORT}" for name in ("web-1", "web-2", "web-3")] + [f"0.0.0.0:{GRPC_MANY_PORT}"]
    for place in servers:
        start_grpc_server(stage, place)
    names = [f"{situation}={target}" for situation, target in GRPC_NAMES.items()]
    stage.room.start("grpc", python, str(PROGRAMS / "grpc_client.py"), *names, nameserver=BOTH)


def start_grpc_server(stage: Stage, place: str) -> None:
    """A server at that address and port, listening."""
    started = stage.room.start(f"grpc-{place}", stage.dnsd[0], str(PROGRAMS / "grpc_server.py"), place)
    stage.servers[place] = started
    until(lambda: "listening" in stage.room.log(f"grpc-{place}"), "the gRPC server listens")


def _found_by_grpc(stage: Stage, situation: str) -> set[str]:
    asked = "a" if situation == "aaaa" else situation
    lines = [line.split() for line in stage.room.log("grpc").splitlines() if line.startswith(f"{asked} ")]
    return set(lines[-1][1:]) if lines else set()


FOLLOWERS = (
    Follower(
        "HAProxy",
        ("haproxy",),
        _start_haproxy,
        _found_by_haproxy,
        AS_IT_STANDS,
        note="all of a large service by SRV with `nameserver one tcp@ADDRESS:53`, see below; keeps what it had",
    ),
    Follower(
        "nginx",
        ("nginx",),
        _start_nginx,
        _found_by_nginx,
        {"srv": "before 1.27.3 its `resolver` asks for addresses only", **AS_IT_STANDS},
        keeps=False,
        note="while no replica answers at all it says 502 once `valid` is over",
    ),
    Follower("Prometheus", ("prometheus",), _start_prometheus, _found_by_prometheus, note="keeps the targets it had"),
    Follower(
        "gRPC (Python)",
        ("python3",),
        _start_grpc,
        _found_by_grpc,
        NO_SRV,
        note="asks again only when a connection breaks; keeps what it had",
    ),
)
