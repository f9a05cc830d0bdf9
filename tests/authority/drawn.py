"""Services, endpoints and changes as they come: what a table may be made of."""

from hypothesis import strategies as st

from dnsd.authority.table import Table
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Port, Service, ServicePort

LABELS = st.sampled_from(["a", "b", "c"])
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.1.0.1", "192.0.2.1", "fd00::1", "198.51.100.1"])
PORTS = st.sampled_from([(), (Port("http", "TCP", 80),), (Port("", "UDP", 9), Port("dns", "UDP", 53))])
SERVICES = st.one_of(
    st.builds(
        Service,
        namespace=st.sampled_from(["default", "other"]),
        name=LABELS,
        ports=st.sampled_from([(), (ServicePort("http", "TCP", 80),), (ServicePort("", "TCP", 1),)]),
        cluster_ips=st.sampled_from([(), (), ("10.0.0.1",), ("192.0.2.1", "fd00::1")]),
        ttl_seconds=st.sampled_from([5, 30]),
        when_empty=st.sampled_from(["nodata", "nxdomain", "servfail"]),
        publish_not_ready=st.booleans(),
    ),
    st.builds(Service, st.just("default"), LABELS, external_name=st.just("a.default.svc.cluster.local")),
)
ENDPOINTS = st.builds(
    Endpoint,
    namespace=st.sampled_from(["default", "other"]),
    service=LABELS,
    id=st.sampled_from(["a", "b", "t.1"]),
    addresses=st.lists(ADDRESSES, min_size=1, max_size=2).map(tuple),
    ports=PORTS,
    weight=st.sampled_from([0, 1, 100]),
    priority=st.sampled_from([0, 0, 1]),
    hostname=st.sampled_from([None, None, "h"]),
    ready=st.booleans(),
    draining=st.booleans(),
)
OBJECTS = st.one_of(SERVICES, ENDPOINTS)
CHANGES = st.lists(st.tuples(st.lists(OBJECTS, max_size=3), st.lists(OBJECTS, max_size=2)), max_size=12)

Step = tuple[list[Service | Endpoint], list[Service | Endpoint]]
"""What is put and what is removed."""


def change_of(step: Step, revision: int) -> Change:
    """The step as a change; what is put is not removed."""
    puts, removals = step
    unique = {(type(value), value.key): value for value in puts}
    gone = {value.key: Removal(value.key, "expired") for value in removals if (type(value), value.key) not in unique}
    return Change(revision, tuple(unique.values()), tuple(gone.values()))


def packed(table: Table) -> object:
    """All of a table, to compare."""
    nodes = {owner: node.pack() for owner, node in table.nodes.items()}
    return table.revision, table.loaded, nodes, {origin: zone.pack() for origin, zone in table.zones.items()}
