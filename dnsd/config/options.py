"""The table of settings, in the order of the help and of ``systemd/dnsd.toml``.

``Invariant:`` every row has a field of the same name in :class:`dnsd.config.settings.Settings` and a line in
``systemd/dnsd.toml``.
"""

from __future__ import annotations

from dnsd.answer.access import CLOSE_BY
from dnsd.authority.reverse import PRIVATE_RANGES
from dnsd.config import kinds
from dnsd.config.kinds import choice, seconds, whole
from dnsd.config.openings import ACCESS, DOORS, FORWARDING, SECONDARIES
from dnsd.config.option import Group, Option
from dnsd.model.lease import SETTLING_SECONDS
from dnsd.model.message import UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST
from dnsd.model.service import METADATA_OCTETS_DEFAULT, METADATA_OCTETS_MOST

UDP_PAYLOAD_MOST = 4096  # more is never sensible, and feeds who spoofs addresses

NAMES = Group(
    "names",
    (
        Option("zone", kinds.ZONE, ("cluster.local",), "zones of services; the first is used for PTR", is_list=True),
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
)

STORE = Group(
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
)

LIMITS = Group(
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
            "new registrations a second by calls of their own; more are told to come again within a lease (429); 0 is "
            "no limit; batch, apply, replace and restore are not counted",
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
            "answers, denials and errors over UDP, of each so many a second to one network (/24, /56), from all "
            "responders together; whoever has a cookie of ours has no limit; 0 is no limit",
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
)

LIFE = Group(
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
)

GROUPS = (DOORS, NAMES, STORE, SECONDARIES, FORWARDING, ACCESS, LIMITS, LIFE)

OPTIONS: dict[str, Option] = {option.name: option for group in GROUPS for option in group.options}
