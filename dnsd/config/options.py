"""The table of settings: name, kind, default, meaning. Flag, environment variable and TOML key follow from it.

``Invariant:`` every row has a field of the same name in :class:`dnsd.config.settings.Settings` and a line in
``systemd/dnsd.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnsd.answer.access import CLOSE_BY
from dnsd.authority.reverse import PRIVATE_RANGES
from dnsd.config import kinds
from dnsd.config.kinds import Kind, Raw, choice, seconds, whole
from dnsd.model.lease import SETTLING_SECONDS
from dnsd.model.message import UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST
from dnsd.model.service import METADATA_OCTETS_DEFAULT, METADATA_OCTETS_MOST

UDP_PAYLOAD_MOST = 4096  # more is never sensible, and feeds who spoofs addresses

REPEATS_MOST = 64


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. ``default`` is a value as TOML would give it (a tuple when the setting is a list), or None.

    ``stands_for``: what None means, for people. ``example``: a value to show where there is no default.
    """

    name: str
    kind: Kind
    default: Raw | tuple[str, ...] | None
    meaning: str
    is_list: bool = False
    stands_for: str = ""
    example: Raw | tuple[str, ...] | None = None

    @property
    def flag(self) -> str:
        """As on the command line: ``--lame-duck-seconds``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As in the environment: ``DNSD_LAME_DUCK_SECONDS``."""
        return "DNSD_" + self.name.upper()

    def read(self, raw: object) -> Any:
        """The value of what a flag, the environment or TOML gave; ValueError says what is right."""
        if self.is_list:
            return self._read_list(raw)
        if not isinstance(raw, str | int | float | bool):
            raise ValueError("one value is needed, not a list or a table")  # noqa: TRY004
        return self.kind.read(raw)

    def _read_list(self, raw: object) -> tuple[Any, ...]:
        items = raw.split(",") if isinstance(raw, str) else raw
        if not isinstance(items, list | tuple) or not 1 <= len(items) <= REPEATS_MOST:
            raise ValueError(f"a list of 1 to {REPEATS_MOST} values is needed")
        values = tuple(self.kind.read(item) for item in items)
        if len(set(values)) != len(values):
            raise ValueError("it names one value twice")
        return values


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, in the order of the help and of ``systemd/dnsd.toml``."""

    title: str
    options: tuple[Option, ...]


GROUPS = (
    Group(
        "doors",
        (
            Option(
                "dns", kinds.HOST_PORT, ("127.0.0.1:1053",), "where questions come in, over UDP and TCP", is_list=True
            ),
            Option(
                "dot",
                kinds.HOST_PORT,
                None,
                "where questions come in over TLS (RFC 7858); needs dns_tls_cert and dns_tls_key",
                is_list=True,
                stands_for="nowhere",
                example=("10.0.0.2:853",),
            ),
            Option(
                "doh",
                kinds.HOST_PORT,
                None,
                "where questions come in over HTTPS (RFC 8484) at /dns-query; needs dns_tls_cert and dns_tls_key",
                is_list=True,
                stands_for="nowhere",
                example=("10.0.0.2:443",),
            ),
            Option(
                "dns_tls_cert",
                kinds.FILE,
                None,
                "certificate of dot and doh, with its chain, as PEM; read again when it changes",
                stands_for="none",
                example="/etc/dnsd/dns.crt",
            ),
            Option(
                "dns_tls_key",
                kinds.FILE,
                None,
                "the key of dns_tls_cert, as PEM, not encrypted",
                stands_for="none",
                example="/etc/dnsd/dns.key",
            ),
            Option("admin", kinds.HOST_PORT, "127.0.0.1:8053", "where the admin API listens (HTTP)"),
            Option(
                "admin_host",
                kinds.HOST_NAME,
                None,
                "names by which the admin API may be called, beside localhost and the addresses it listens on",
                is_list=True,
                stands_for="none",
                example=("dns-1.example.net",),
            ),
            Option(
                "tls_cert",
                kinds.FILE,
                None,
                "certificate of the admin API, with its chain, as PEM; read again when it changes",
                stands_for="none: plain HTTP",
                example="/etc/dnsd/tls.crt",
            ),
            Option(
                "tls_key",
                kinds.FILE,
                None,
                "the key of tls_cert, as PEM, not encrypted",
                stands_for="none",
                example="/etc/dnsd/tls.key",
            ),
            Option(
                "tls_client_ca",
                kinds.FILE,
                None,
                "who signs certificates of clients, as PEM; what such a certificate may do is a token of its subject",
                stands_for="none",
                example="/etc/dnsd/clients.pem",
            ),
            Option(
                "tokens", kinds.SWITCH, False, "let only those call the admin API who have a token or a certificate"
            ),
            Option(
                "root_token_file",
                kinds.FILE,
                None,
                "file of a token that may do everything, made by `dnsd token bootstrap`; only dnsd may read it",
                stands_for="none",
                example="/etc/dnsd/root.token",
            ),
            Option(
                "insecure",
                kinds.SWITCH,
                False,
                "let the admin API listen elsewhere than on loopback without TLS or without tokens",
            ),
            Option("workers", whole(0, 64), 1, "responder processes; 0 puts everything but the store into one process"),
        ),
    ),
    Group(
        "names",
        (
            Option(
                "zone", kinds.ZONE, ("cluster.local",), "zones of services; the first is used for PTR", is_list=True
            ),
            Option("reverse", kinds.NETWORK, PRIVATE_RANGES, "networks whose PTR names are ours", is_list=True),
            Option(
                "advertise",
                kinds.ADDRESS,
                None,
                "addresses of ns.dns.<zone>, the same on all replicas",
                is_list=True,
                stands_for="the addresses of dns",
                example=("192.0.2.53",),
            ),
            Option(
                "zones",
                kinds.DIRECTORY,
                None,
                "directory of static zone files (NAME.zone), read again on SIGHUP",
                stands_for="none",
                example="/etc/dnsd/zones",
            ),
            Option(
                "strict_namespaces",
                kinds.SWITCH,
                False,
                "refuse a new namespace that is named like a top-level domain, such as com; else it is warned about",
            ),
            Option(
                "stale_seconds",
                seconds(1, 86_400),
                60,
                "how long the store may be away before answers say, by extended error, that they are stale",
            ),
            Option("negative_ttl_seconds", whole(0, 3600, "SECONDS"), 5, "how long others may keep that a name is not"),
        ),
    ),
    Group(
        "store",
        (
            Option(
                "redis",
                kinds.STORE_URL,
                None,
                "the shared store: redis://, rediss://, unix://, sentinel://h1:p,h2:p/NAME/DB or cluster://h:p; "
                "with a password better in the environment or the file: others can see a command line",
                stands_for="an embedded server, its files in state_dir",
                example="redis://127.0.0.1:6379/0",
            ),
            Option("redis_prefix", kinds.PREFIX, "dnsd", "what our keys begin with; replicas of one prefix are one"),
            Option(
                "required_copies",
                whole(0, 8),
                None,
                "replicas of the store that must hold a write before it is acknowledged",
                stands_for="1 for sentinel:// and cluster://, else 0",
                example=1,
            ),
            Option(
                "allow_eviction",
                kinds.SWITCH,
                False,
                "take a store whose maxmemory-policy is not noeviction, which drops registrations in silence",
            ),
            Option(
                "state_dir",
                kinds.DIRECTORY,
                None,
                "directory of what must outlive a restart",
                stands_for="$STATE_DIRECTORY, else $XDG_STATE_HOME/dnsd, else ~/.local/state/dnsd",
                example="/var/lib/dnsd",
            ),
            Option(
                "replica",
                kinds.REPLICA,
                None,
                "what this replica is called among the others",
                stands_for="the host's name and a mark made of dns and admin",
                example="dns-1",
            ),
            Option(
                "settling_seconds",
                seconds(0, 3600),
                SETTLING_SECONDS,
                "after a gap, how long leases may not run out so that heartbeats come first",
            ),
        ),
    ),
    Group(
        "secondaries",
        (
            Option(
                "transfer_to",
                kinds.CLIENT,
                None,
                "who may have our zones by AXFR and IXFR: networks, and names of keys in tsig_keys; either is enough",
                is_list=True,
                stands_for="nobody",
                example=("192.0.2.54", "secondary.example"),
            ),
            Option(
                "notify",
                kinds.SECONDARY,
                None,
                "secondaries to tell of changes, each with the name of the key that signs what it is told, if any",
                is_list=True,
                stands_for="nobody",
                example=("192.0.2.54:53", "192.0.2.55:53 secondary.example"),
            ),
            Option(
                "tsig_keys",
                kinds.FILE,
                None,
                "file of TSIG keys, one [ALGORITHM:]NAME:SECRET a line, which only dnsd may read; needs dnspython",
                stands_for="none",
                example="/etc/dnsd/tsig.keys",
            ),
        ),
    ),
    Group(
        "forwarding",
        (
            Option(
                "forward",
                kinds.UPSTREAM,
                None,
                "resolvers that are asked for names that are not ours: ADDR[:PORT], tls://ADDR[:PORT][#NAME] for DNS "
                "over TLS, or the path of a resolv.conf, whose resolvers are taken",
                is_list=True,
                stands_for="names that are not ours are REFUSED",
                example=("192.0.2.1", "tls://192.0.2.2#dns.example.net"),
            ),
            Option(
                "forward_domain",
                kinds.DOMAIN_UPSTREAM,
                None,
                "resolvers for a domain, or for the names of a network's addresses; the longest domain decides",
                is_list=True,
                stands_for="none",
                example=("corp.example=192.0.2.3", "10.0.0.0/8=192.0.2.3"),
            ),
            Option(
                "forward_cache_octets",
                whole(0, 1 << 30, "OCTETS"),
                8 << 20,
                "memory for what resolvers said, in each responder",
            ),
            Option(
                "forward_stale_seconds",
                seconds(0, 259_200),
                86_400,
                "how long what is over is kept for when no resolver answers (RFC 8767); 0 is never",
            ),
            Option("forward_in_flight", whole(1, 10_000), 1000, "questions under way at a time, in each responder"),
            Option(
                "forward_mix_case",
                kinds.SWITCH,
                False,
                "ask in mixed case and take only answers that have it too; a few resolvers cannot do that",
            ),
            Option(
                "forward_ca_file",
                kinds.FILE,
                None,
                "who signs the certificates of resolvers over TLS, as PEM",
                stands_for="the system's authorities",
                example="/etc/dnsd/resolvers.pem",
            ),
        ),
    ),
    Group(
        "access",
        (
            Option(
                "answer_to",
                kinds.RULE,
                None,
                "networks that are told about our names, ! before one that is left out; the longest prefix decides; "
                "all others are refused",
                is_list=True,
                stands_for="everybody",
                example=("10.0.0.0/8", "!10.9.0.0/16", "2001:db8::/32"),
            ),
            Option(
                "forward_for",
                kinds.RULE,
                CLOSE_BY,
                "networks for which names of others are forwarded; whoever adds all addresses here makes an open "
                "resolver, which others will abuse",
                is_list=True,
            ),
            Option(
                "short_names",
                kinds.SHORT_NAMES,
                None,
                "networks whose single labels are services of a namespace: redis is redis.team-a.svc.<zone>",
                is_list=True,
                stands_for="nobody's are",
                example=("10.1.0.0/16 team-a", "10.2.0.0/16 team-b"),
            ),
        ),
    ),
    Group(
        "limits",
        (
            Option(
                "udp_payload",
                whole(UDP_PAYLOAD_LEAST, UDP_PAYLOAD_MOST, "OCTETS"),
                UDP_PAYLOAD_DEFAULT,
                "the largest answer over UDP, never above what the client offers; 1232 passes every network whole, on "
                "loopback alone 4096 is sensible",
            ),
            Option(
                "registrations_per_second",
                whole(0, 100_000),
                2000,
                "new registrations a second; more are told to come again within a lease (429); 0 is no limit",
            ),
            Option("quota_services", whole(0, 1_000_000), 1000, "services of a namespace; 0 is no limit"),
            Option("quota_endpoints", whole(0, 10_000_000), 10_000, "endpoints of a namespace; 0 is no limit"),
            Option("quota_service_endpoints", whole(0, 1_000_000), 1000, "endpoints of a service; 0 is no limit"),
            Option(
                "quota_metadata_octets",
                whole(0, METADATA_OCTETS_MOST, "OCTETS"),
                METADATA_OCTETS_DEFAULT,
                "an endpoint's metadata, a service's labels; 0 is no limit but that of the call",
            ),
            Option("tcp_connections", whole(1, 65_536), 1000, "TCP connections at a time, each responder"),
            Option("tcp_per_client", whole(1, 65_536), 100, "TCP connections at a time of one client address"),
            Option(
                "tcp_idle_seconds",
                seconds(1, 120),
                10,
                "how long a TCP client may be silent or leave answers unread, less when many are connected; a fifth of "
                "it for a message from its first octet to its last",
            ),
            Option(
                "rate_limit",
                whole(0, 1_000_000),
                100,
                "answers, denials and errors over UDP, of each so many a second to one network (/24, /56), each "
                "responder; whoever has a cookie of ours has no limit; 0 is no limit",
            ),
            Option(
                "rate_limit_slip",
                whole(0, 10),
                2,
                "of the replies above rate_limit every so many-th is truncated, so that clients come by TCP, and the "
                "others are dropped; 0 drops all",
            ),
            Option("rate_limit_exempt", kinds.NETWORK, CLOSE_BY, "networks without a rate limit", is_list=True),
        ),
    ),
    Group(
        "life",
        (
            Option(
                "open_within_seconds",
                seconds(0, 300),
                5,
                "how long the DNS ports stay closed at the start while the registry is not loaded; SERVFAIL then",
            ),
            Option(
                "lame_duck_seconds",
                seconds(0, 300),
                5,
                "after SIGTERM, how long to go on answering while /readyz says no",
            ),
            Option(
                "drain_floor_seconds",
                seconds(0, 3600),
                0,
                "added to the time at which a drained endpoint is called safe to stop",
            ),
            Option("log_level", choice("debug", "info", "warning", "error"), "info", "how much is logged, to stderr"),
            Option("log_format", choice("plain", "json"), "plain", "lines for people or JSON lines"),
            Option(
                "query_log",
                whole(0, 1_000_000),
                0,
                "one question in so many is logged with its answer, at most 100 a second a responder; 0 is none",
            ),
        ),
    ),
)

OPTIONS: dict[str, Option] = {option.name: option for group in GROUPS for option in group.options}
