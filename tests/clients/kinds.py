"""The clients of the matrix: what each needs, how it is built, and how it asks."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
NAME = "web.default.svc.cluster.local"
SITUATIONS = {
    "a": "A",
    "aaaa": "AAAA of an IPv4-only name",
    "srv": "SRV",
    "short": "short name",
    "unknown": "unknown name",
    "many": "40 endpoints",
    "outage": "one replica down",
    "restart": "dnsd restarting",
}
Words = tuple[str, ...]


@dataclass(frozen=True)
class Client:
    """One way to ask. The words of ``v4``, ``v6`` and ``srv`` are followed by the name.

    ``needs``: programs; ``build``: run once, ``{source}`` is the folder of the programs and ``{folder}`` the one where
    they are built; ``v6`` empty: it always asks for both families; ``absent``: what it prints for a name or a type that
    is not there; ``cannot``: situations that are not its, each with the reason; ``note``: what to set.
    """

    name: str
    needs: Words
    v4: Words
    v6: Words = ()
    srv: Words = ()
    build: Words = ()
    absent: str = "^absent$"
    cannot: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    start: Words = ()
    configuration: str = ""
    nameserver: str = ""
    is_fetched: bool = False


BY_GLIBC = ("gcc", "-o", "glibc", "{source}/resolve.c")
NO_SRV = {"srv": "the interface knows addresses only"}
NO_TCP = {"many": "no TCP: it sees those that fit into 512 octets"}
AS_IT_STANDS = {"short": "asks the name as it stands, without the search list"}
DNS_ABSENT = "NXDOMAIN|ANSWER: 0|not found|has no"


def _python(name: str, v4: str, v6: str = "", srv: str = "", **more: object) -> Client:
    ask = (sys.executable, str(PROGRAMS / "resolve.py"))
    words = [(*ask, how) if how else () for how in (v4, v6, srv)]
    return Client(name, (sys.executable,), *words, **more)  # type: ignore[arg-type]


CLIENTS = (
    Client(
        "glibc getaddrinfo",
        ("gcc",),
        ("{folder}/glibc", "v4"),
        ("{folder}/glibc", "v6"),
        build=BY_GLIBC,
        cannot=NO_SRV,
        note="`options timeout:1 attempts:3` in `resolv.conf` makes the way to the next replica short",
    ),
    Client("glibc gethostbyname", ("gcc",), ("{folder}/glibc", "host"), cannot=NO_SRV),
    Client(
        "glibc getent", ("getent",), ("getent", "ahostsv4"), absent="^$", cannot=NO_SRV, note="prints nothing, exit 2"
    ),
    Client(
        "musl getaddrinfo",
        ("musl-gcc",),
        ("{folder}/musl", "v4"),
        ("{folder}/musl", "v6"),
        build=("musl-gcc", "-static", "-o", "musl", "{source}/resolve.c"),
        cannot={**NO_SRV, **NO_TCP},
        note="asks all servers at once; from musl 1.2.4 on (Debian 12 has 1.2.3) it knows TCP",
    ),
    Client(
        "busybox nslookup",
        ("busybox",),
        ("busybox", "nslookup", "-type=a"),
        ("busybox", "nslookup", "-type=aaaa"),
        ("busybox", "nslookup", "-type=srv"),
        absent=r"NXDOMAIN|No answer|can't find|can't resolve|:53\s*\Z",
        cannot={**AS_IT_STANDS, **NO_TCP},
    ),
    Client(
        "Go net (pure)",
        ("go",),
        ("{folder}/go", "v4"),
        ("{folder}/go", "v6"),
        ("{folder}/go", "srv"),
        build=("env", "CGO_ENABLED=0", "go", "build", "-o", "go", "{source}/resolve.go"),
    ),
    Client(
        "Node dns.lookup",
        ("node",),
        ("node", str(PROGRAMS / "resolve.js"), "lookup4"),
        ("node", str(PROGRAMS / "resolve.js"), "lookup6"),
        cannot=NO_SRV,
    ),
    Client(
        "Node dns.resolve",
        ("node",),
        ("node", str(PROGRAMS / "resolve.js"), "v4"),
        ("node", str(PROGRAMS / "resolve.js"), "v6"),
        ("node", str(PROGRAMS / "resolve.js"), "srv"),
        cannot=AS_IT_STANDS,
    ),
    Client(
        "Java InetAddress",
        ("java", "javac"),
        ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "{folder}", "Resolve", "address"),
        build=("javac", "-d", ".", "{source}/Resolve.java"),
        cannot=NO_SRV,
        note="caches for 30 s (`networkaddress.cache.ttl` in `java.security`; set it to 5), failures for 10 s",
    ),
    Client(
        "Java JNDI",
        ("java", "javac"),
        ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "{folder}", "Resolve", "v4"),
        ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "{folder}", "Resolve", "v6"),
        ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "{folder}", "Resolve", "srv"),
        cannot=AS_IT_STANDS,
    ),
    _python("Python socket", "socket4", "socket6", cannot=NO_SRV),
    _python("Python gethostbyname_ex", "host", cannot=NO_SRV),
    _python("c-ares (aiodns, pycares)", "cares4", "cares6", "caressrv"),
    _python("aiohttp AsyncResolver", "aiohttp", cannot=NO_SRV),
    Client(
        "curl",
        ("curl",),
        ("curl", "-sS", "--max-time", "15"),
        absent="Could not resolve",
        cannot={**NO_SRV, "many": "connects to one address"},
    ),
    Client(
        "dig",
        ("dig",),
        ("dig", "+search", "-t", "A"),
        ("dig", "+search", "-t", "AAAA"),
        ("dig", "+search", "-t", "SRV"),
        absent=DNS_ABSENT,
    ),
    Client(
        "kdig",
        ("kdig",),
        ("kdig", "+timeout=2", "-t", "A"),
        ("kdig", "+timeout=2", "-t", "AAAA"),
        ("kdig", "+timeout=2", "-t", "SRV"),
        absent=DNS_ABSENT,
        cannot=AS_IT_STANDS,
        note="tries a server three times: `+timeout=2` makes 6 s of the 15 s to the next replica",
    ),
    Client(
        "drill",
        ("drill",),
        ("drill", "-t", "A"),
        ("drill", "-t", "AAAA"),
        ("drill", "-t", "SRV"),
        absent=DNS_ABSENT,
        cannot=AS_IT_STANDS,
    ),
    Client(
        "host",
        ("host",),
        ("host", "-t", "A"),
        ("host", "-t", "AAAA"),
        ("host", "-t", "SRV"),
        absent=DNS_ABSENT,
        cannot={"restart": "without forwarding it believes the last server of `resolv.conf` alone, see below"},
    ),
)
