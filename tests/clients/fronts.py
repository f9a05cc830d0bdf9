"""Resolvers in front of dnsd: each as glibc and dig see it, who ask nobody else."""

from clients.kinds import BY_GLIBC, PROGRAMS, Client, Words

UNBOUND = """server:
  interface: 127.0.0.5
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{folder}"
  use-syslog: no
  do-ip6: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
stub-zone:
  name: cluster.local
  stub-addr: 127.0.0.1
  stub-addr: 127.0.0.2
"""
RESOLVED = """[Resolve]
DNS=127.0.0.1 127.0.0.2
Domains=~cluster.local
"""
DNSMASQ = """no-resolv
no-hosts
bind-interfaces
listen-address=127.0.0.4
user=root
all-servers
server=/cluster.local/127.0.0.1
server=/cluster.local/127.0.0.2
"""


def _front(name: str, program: str, start: Words, configuration: str, nameserver: str, **more: object) -> Client:
    return Client(
        f"{name} in front",
        ("gcc", "dig", program),
        ("{folder}/glibc", "v4"),
        ("{folder}/glibc", "v6"),
        ("dig", "+search", "-t", "SRV"),
        build=BY_GLIBC,
        start=start,
        configuration=configuration,
        nameserver=nameserver,
        **more,  # type: ignore[arg-type]
    )


FRONTS = (
    _front(
        "dnsmasq",
        "dnsmasq",
        ("dnsmasq", "--no-daemon", "--conf-file={configuration}"),
        DNSMASQ,
        "127.0.0.4",
        note="with `all-servers` it asks both replicas at once",
    ),
    _front("unbound", "unbound", ("unbound", "-d", "-c", "{configuration}"), UNBOUND, "127.0.0.5"),
    _front(
        "systemd-resolved",
        "setpriv",
        ("sh", str(PROGRAMS / "resolved.sh"), "{folder}/systemd-resolved", "{configuration}"),
        RESOLVED,
        "127.0.0.53",
        is_fetched=True,
        note="see below",
    ),
)
