"""Registries made by hypothesis: namespaces full of services, few names and addresses so that they meet each other."""

from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dnsd.authority.catalog import Catalog
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service, ServicePort

CLUSTER = "cluster.local"
ITSELF = f"itself.default.svc.{CLUSTER}"
"""An alias of itself: one of the decided differences, and too rare to wait for."""
LONG = "a" * 40 + ".long.example.org"
"""So long that a host name of a service of 63, in a namespace of 63, has 253 octets as text."""
REVERSE = {"10.in-addr.arpa": "10.0.0.0/8", "d.f.ip6.arpa": "fd00::/8"}
LABEL = "x" * 63
NAMES = ("web", "db", "a", "b", "ns", "dns", "svc", "cluster", "x-1", "1", LABEL)
IDS = ("web-1", "web-2", "a", "b", "Task.3", "10.0.0.9:80", "Up", "y" * 63, "z" * 100)
ADDRESSES = (
    tuple(f"10.{n}.0.{n}" for n in range(12)) + tuple(f"fd00::{n}" for n in range(1, 8)) + ("fd00::", "192.0.2.1")
)
PORTS = ("http", "grpc", "dns", "m2pa", "p" * 62, "")
PROTOCOLS = ("TCP", "UDP", "SCTP")
TTLS = (0, 5, 30, 3600)

numbers = st.integers(1, 65_535)
ports = st.lists(
    st.tuples(st.sampled_from(PORTS), st.sampled_from(PROTOCOLS), numbers), max_size=4, unique_by=lambda p: p[:2]
)
addresses = st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True)


def has_room(port: str, service: str, namespace: str) -> bool:
    """Settings refuse a zone as long as ours because a port's name may not fit below it: these do."""
    return len(f"_{port}._sctp.{service}.{namespace}.svc.{LONG}") <= 253


@st.composite
def endpoints(draw: st.DrawFn, namespace: str, service: str, its_id: str) -> Endpoint:
    return Endpoint(
        namespace,
        service,
        its_id,
        tuple(draw(addresses)),
        tuple(Port(*port) for port in draw(ports) if has_room(port[0], service, namespace)),
        weight=draw(st.sampled_from((100, 100, 1, 7, 65_535, 0))),
        priority=draw(st.sampled_from((0, 0, 10))),
        hostname=draw(st.sampled_from((None, None, "host", LABEL))),
        ready=draw(st.sampled_from((True, True, True, False))),
        draining=draw(st.sampled_from((False, False, False, True))),
    )


@st.composite
def services(draw: st.DrawFn, namespace: str, name: str) -> list[Service | Endpoint]:
    kind = draw(st.sampled_from(("headless", "headless", "cluster", "external", "empty", "undeclared")))
    ttl = draw(st.sampled_from(TTLS))
    target_ports = st.sampled_from((None, "http", 8080))
    declared = tuple(
        ServicePort(*each, draw(target_ports)) for each in draw(ports) if has_room(each[0], name, namespace)
    )
    if kind == "external":
        return [Service(namespace, name, external_name=draw(targets(namespace)), ttl_seconds=ttl)]
    cluster_ips = tuple(draw(addresses)) if kind == "cluster" else ()
    is_unready = draw(st.booleans())
    service = Service(
        namespace,
        name,
        declared if kind != "undeclared" else (),
        cluster_ips,
        ttl_seconds=ttl,
        when_empty="nxdomain",
        publish_not_ready=is_unready,
        declared=kind != "undeclared",
    )
    ids = [] if kind == "empty" else draw(st.lists(st.sampled_from(IDS), max_size=4, unique=True))
    return [service, *(draw(endpoints(namespace, name, its_id)) for its_id in ids)]


def targets(namespace: str) -> st.SearchStrategy[str]:
    """External names: into this namespace (in circles, too), deeper, at the apex, outside, very long, nowhere."""
    inside = st.sampled_from(NAMES).map(lambda name: f"{name}.{namespace}.svc.{CLUSTER}")
    others = (
        "www.example.com",
        "Mixed.Example.COM",
        CLUSTER,
        f"svc.{CLUSTER}",
        f"nobody.{CLUSTER}",
        f"ns.dns.{CLUSTER}",
    )
    longest = ".".join(("l" * 63, "l" * 63, "l" * 63, "l" * 61))
    return st.one_of(inside, inside, st.sampled_from((*others, longest, f"host.web.{namespace}.svc.{CLUSTER}")))


@st.composite
def namespaces(draw: st.DrawFn) -> list[tuple[str, list[Service | Endpoint]]]:
    """A namespace's services; its own name is put in later, so that many make one registry."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    namespace = draw(st.sampled_from(("default", LABEL)))
    return [(namespace, [each for name in names for each in draw(services(namespace, name))])]


def objects(number: int, rounds: int) -> Iterator[Service | Endpoint]:
    """What ``rounds`` draws make: the same for the same number. The first namespace of a name keeps it."""
    found: list[tuple[str, list[Service | Endpoint]]] = []

    @seed(number)
    @settings(
        max_examples=rounds,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(namespaces())
    def gather(drawn: list[tuple[str, list[Service | Endpoint]]]) -> None:
        found.extend(drawn)

    gather()
    taken: set[str] = set()
    for index, (namespace, drawn) in enumerate(reversed(found)):
        kept = namespace if namespace not in taken else f"n{index}"
        taken.add(kept)
        yield from (renamed(each, namespace, kept) for each in drawn)


def renamed(value: Service | Endpoint, was: str, namespace: str) -> Service | Endpoint:
    fields = {name: getattr(value, name) for name in value.__slots__}
    fields["namespace"] = namespace
    if isinstance(value, Service) and value.external_name is not None:
        fields["external_name"] = value.external_name.replace(f".{was}.svc.", f".{namespace}.svc.")
    return type(value)(**fields)


def catalog(number: int, rounds: int) -> Catalog:
    """A catalog of two cluster domains and two reverse ranges, loaded with all that."""
    made = Catalog(
        [name_from_text(CLUSTER), name_from_text(LONG)], list(REVERSE.values()), ["192.0.2.53", "2001:db8::53"]
    )
    everything = [*objects(number, rounds), Service("default", "itself", external_name=ITSELF)]
    made.load(
        [each for each in everything if isinstance(each, Service)],
        [each for each in everything if isinstance(each, Endpoint)],
        4_000_000_000,
    )
    return made
